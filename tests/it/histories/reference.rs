//! The reference builder itself, against libvips and results computed by hand.

use test_support::fixture;
use test_support::reference::*;

const RGB: Kind = Kind { colour: true, alpha: false, sixteen: false };
const RGBA: Kind = Kind { colour: true, alpha: true, sixteen: false };
const GREY: Kind = Kind { colour: false, alpha: false, sixteen: false };

fn picture(width: usize, height: usize, kind: Kind, samples: &[u16]) -> Picture {
    let mut picture = Picture::new(width, height, kind);
    picture.samples.copy_from_slice(samples);
    picture
}

/// The reference's levels, and libvips' coarser ones.
fn libvips(name: &str, width: usize, height: usize, tile_size: usize, kind: Kind) -> (Vec<Tiles>, Vec<Tiles>) {
    let folder = fixture("libvips").join(name);
    let base = TiledBase::read(&folder.join("v0"), "png", width, height, tile_size);
    assert!(base.tiles.values().all(|tile| tile.kind() == kind), "{name}");
    let mut expected = Vec::new();
    let mut sizes = level_sizes(width, height);
    sizes.pop();
    for (level, (w, h)) in sizes.into_iter().enumerate() {
        let folder = folder.join("expected").join(level.to_string());
        expected.push(TiledBase::read(&folder, "png", w, h, tile_size).tiles);
    }
    (levels(&base, Filter::Mean, false), expected)
}

#[test]
fn mean_is_what_libvips_computes() {
    let rgb16 = Kind { sixteen: true, ..RGB };
    for (name, width, height, tile_size, kind) in [
        ("rgb8", 301, 217, 64, RGB),
        ("grey8", 167, 203, 64, GREY),
        ("rgb16", 133, 106, 48, rgb16),
        ("odd_tile", 173, 151, 50, RGB),
        ("odd_tile_51", 163, 109, 51, RGB),
    ] {
        let (found, expected) = libvips(name, width, height, tile_size, kind);
        assert_eq!(found.len(), expected.len() + 1, "{name}");
        for (level, tiles) in expected.iter().enumerate() {
            assert_eq!(tiles.len(), found[level].len(), "{name} level {level}");
            for (place, tile) in tiles {
                let name = format!("{name} {level}/{place:?}");
                assert_close(&name, &found[level][place], tile, 0);
            }
        }
    }
}

#[test]
fn mean_with_alpha_is_near_libvips() {
    let (found, expected) = libvips("rgba8", 151, 113, 64, RGBA);
    let level = expected.len() - 1;
    for (place, tile) in &expected[level] {
        let mut tile = tile.clone();
        let found = &found[level][place];
        for y in 0..tile.height {
            for x in 0..tile.width {
                // Rounded to 0 by one and to 1 by the other: the colours say nothing.
                if (tile.pixel(x, y)[3] == 0) != (found.pixel(x, y)[3] == 0) {
                    let alpha = tile.pixel(x, y)[3];
                    let colours = &found.pixel(x, y)[..3];
                    tile.set_pixel(x, y, &[colours, &[alpha]].concat());
                }
            }
        }
        assert_close(&format!("{place:?}"), found, &tile, 1);
    }
}

#[test]
fn whole_levels_and_tiles_agree_where_all_tiles_are_of_one_kind() {
    for (seed, kind) in Kind::all().into_iter().enumerate() {
        for (width, height, tile_size) in [(37, 23, 5), (23, 37, 6), (9, 9, 1), (5, 64, 7), (1, 1, 3)] {
            let whole = random_picture(seed as u64, width, height, kind);
            let base = TiledBase::cut(&whole, tile_size);
            assert_eq!(stitch(&base.tiles), whole);
            for filter in [Filter::Mean, Filter::Nearest, Filter::Mode] {
                let mut expected = whole.clone();
                for tiles in levels(&base, filter, false).into_iter().rev() {
                    assert_eq!(stitch(&tiles), expected);
                    assert_eq!(tiles, cut_into_tiles(&expected, tile_size));
                    expected = halve(&expected, filter, false);
                }
            }
        }
    }
}

#[test]
fn level_sizes_match_the_contract() {
    let sizes = level_sizes(750, 500);
    assert_eq!(sizes.len(), 11);
    assert_eq!(sizes[10], (750, 500));
    assert_eq!(sizes[9], (375, 250));
    assert_eq!(sizes[8], (188, 125));
    assert_eq!(sizes[0], (1, 1));
    assert_eq!(grid(750, 500, 250).len(), 6);
    assert_eq!(level_sizes(1, 1), [(1, 1)]);
    assert_eq!(level_sizes(1 << 29, 1).len(), 30);
    assert_eq!(level_sizes((1 << 29) + 1, 1).len(), 31);
    for length in 1_u32..600 {
        let base = (32 - (length - 1).leading_zeros()) as usize;
        assert_eq!(level_sizes(length as usize, 1).len(), base + 1);
        for (level, (width, _)) in level_sizes(length as usize, 1).into_iter().enumerate() {
            assert_eq!(width as u32, length.div_ceil(1 << (base - level)));
        }
    }
}

#[test]
fn filters_match_results_computed_by_hand() {
    let four = picture(2, 2, GREY, &[1, 2, 2, 1]);
    assert_eq!(halve(&four, Filter::Mean, false).samples, [2]); // 8 / 4, after rounding
    assert_eq!(halve(&four, Filter::Mode, false).samples, [1]); // a tie: the first wins
    let four = picture(2, 2, GREY, &[9, 5, 7, 5]);
    assert_eq!(halve(&four, Filter::Mode, false).samples, [5]);
    assert_eq!(halve(&four, Filter::Nearest, false).samples, [9]);
    let three = picture(3, 1, GREY, &[0, 10, 77]); // the odd column and row repeated
    assert_eq!(halve(&three, Filter::Mean, false).samples, [5, 77]);
    assert_eq!(halve(&three, Filter::Mode, false).samples, [0, 77]);

    // Half of the light of white is 188, not 128.
    let four = picture(2, 2, GREY, &[0, 255, 255, 0]);
    assert_eq!(halve(&four, Filter::Mean, true).samples, [188]);
    assert_eq!(halve(&four, Filter::Mean, false).samples, [128]);

    // Colours count by their alpha.
    let four = picture(2, 2, RGBA, &[200, 0, 7, 255, 100, 0, 7, 0, 101, 0, 7, 255, 9, 9, 9, 0]);
    assert_eq!(halve(&four, Filter::Mean, false).samples, [151, 0, 7, 128]);
    let faint = picture(2, 2, RGBA, &[9, 9, 9, 1, 9, 9, 9, 0, 9, 9, 9, 0, 9, 9, 9, 0]);
    assert_eq!(halve(&faint, Filter::Mean, false).samples, [0; 4]);
    assert_eq!(halve(&faint, Filter::Mean, true).samples, [0; 4]);
    assert_eq!(halve(&faint, Filter::Lanczos3, false).samples, [0; 4]);
}

#[test]
fn linear_and_lanczos_keep_uniform_pictures() {
    for kind in Kind::all() {
        let mut flat = Picture::new(13, 7, kind);
        for value in [1, 3, 100, kind.largest()] {
            flat.samples.fill(value);
            let half = halve(&flat, Filter::Lanczos3, false);
            assert!(half.samples.iter().all(|sample| *sample == value));
            let half = halve(&flat, Filter::Mean, true);
            assert!(half.samples.iter().all(|sample| *sample == value));
        }
    }
}

#[test]
fn lanczos_is_near_pillow_inside() {
    // Pillow 13: Image.resize((8, 1), LANCZOS) of this line, in floating point.
    let line = [0, 0, 255, 255, 10, 200, 30, 90, 90, 91, 255, 0, 128, 128, 64, 32];
    let half = halve(&picture(16, 1, GREY, &line), Filter::Lanczos3, false);
    // All twelve samples of only the fourth and the fifth are inside.
    let inside = picture(2, 1, GREY, &half.samples[3..5]);
    assert_close("inside", &inside, &picture(2, 1, GREY, &[73, 118]), 1);
}

#[test]
fn both_axes_are_alike() {
    let turned = |from: &Picture| {
        let mut to = Picture::new(from.height, from.width, from.kind());
        for y in 0..from.height {
            for x in 0..from.width {
                to.set_pixel(y, x, from.pixel(x, y));
            }
        }
        to
    };
    for (seed, kind) in Kind::all().into_iter().enumerate() {
        let picture = random_picture(seed as u64, 33, 20, kind);
        for (filter, linear) in [(Filter::Mean, false), (Filter::Mean, true), (Filter::Lanczos3, false)] {
            let name = format!("{kind:?} {filter:?} {linear}");
            let once = halve(&turned(&picture), filter, linear);
            assert_close_to_the_eye(&name, &once, &turned(&halve(&picture, filter, linear)), 1);
        }
    }
}

#[test]
fn kinds_widen_parent_by_parent() {
    let mut base = TiledBase::cut(&random_picture(5, 8, 8, GREY), 2);
    let colour = random_picture(6, 2, 2, RGB);
    base.tiles.insert((3, 0), colour);
    let alpha = Kind { alpha: true, sixteen: true, ..GREY };
    base.tiles.insert((0, 3), random_picture(7, 2, 2, alpha));
    let levels = levels(&base, Filter::Mean, false);
    assert_eq!(levels[2][&(0, 0)].kind(), GREY);
    assert_eq!(levels[2][&(1, 0)].kind(), RGB);
    assert_eq!(levels[2][&(0, 1)].kind(), alpha);
    assert_eq!(levels[1][&(0, 0)].kind(), RGB.widest(alpha));

    let widened = picture(1, 1, GREY, &[2]).widened(RGB.widest(alpha));
    assert_eq!(widened.samples, [514, 514, 514, 65535]);
}

#[test]
fn png_keeps_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    for (seed, kind) in Kind::all().into_iter().enumerate() {
        let written = random_picture(seed as u64, 19, 11, kind);
        let path = folder.path().join("a.png");
        write_png(&path, &written);
        assert_eq!(read_png(&path), written);
        assert_eq!(random_picture(seed as u64, 19, 11, kind), written);
        assert_eq!(psnr(&written, &written), f64::INFINITY);
    }
    let whole = TiledBase::read(&fixture("relief/v0"), "jpg", 1900, 1400, 256);
    let whole = stitch(&whole.tiles);
    let path = folder.path().join("a.jpg");
    write_jpeg(&path, &whole, 90);
    let loss = psnr(&whole, &read_jpeg(&path));
    assert!((40.0..f64::INFINITY).contains(&loss), "{loss}");

    // Each sample 1 apart: 20 log10(255).
    let near = psnr(&picture(2, 1, GREY, &[7, 9]), &picture(2, 1, GREY, &[8, 8]));
    assert!((near - 48.1308).abs() < 0.0001, "{near}");
}

#[test]
fn random_pictures_have_every_alpha() {
    let mut seen = [0; 3];
    for seed in 0..20 {
        let picture = random_picture(seed, 40, 40, RGBA);
        for pixel in picture.samples.chunks(4) {
            match pixel[3] {
                0 => seen[0] += 1,
                255 => seen[1] += 1,
                _ => seen[2] += 1,
            }
        }
    }
    assert!(seen.iter().all(|number| *number > 2000), "{seen:?}");
}

#[test]
fn odd_files_are_what_their_names_say() {
    let odd = fixture("odd");
    let kind = |name: &str| read_picture(&odd.join(name)).kind();
    for name in ["plain.jpg", "progressive.jpg", "restart.jpg", "444.jpg", "422.jpg"] {
        assert_eq!(kind(name), RGB, "{name}");
    }
    for name in ["palette.png", "palette_2_bit.png", "interlaced.png", "icc.png"] {
        assert_eq!(kind(name), RGB, "{name}");
    }
    for name in ["palette_transparent.png", "rgba.png", "rgb_one_transparent_colour.png"] {
        assert_eq!(kind(name), RGBA, "{name}");
    }
    for name in ["grey.jpg", "grey1.png", "grey2.png", "grey4.png"] {
        assert_eq!(kind(name), GREY, "{name}");
    }
    assert_eq!(read_png(&odd.join("interlaced.png")), read_png(&odd.join("rgb.png")));
    for (name, colour, alpha) in [
        ("grey16.png", false, false),
        ("grey_alpha16.png", false, true),
        ("rgb16.png", true, false),
        ("rgba16.png", true, true),
    ] {
        let wanted = Kind { colour, alpha, sixteen: true };
        assert_eq!(kind(name), wanted, "{name}");
    }
}
