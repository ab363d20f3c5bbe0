//! Whatever happens to a picture, its pyramid shows it, and holds no tile twice.

use image::{Rgb, RgbImage};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use test_support::cutting::{SIDE, SIZE, cut, cut_once, picture, pixels_of, save, tiles};
use test_support::pictures::tree_pixels;
use test_support::sampling::cases;
use test_support::tree::assert_tree_rules;

/// The files of the latest tree below its folder, as they are read.
fn latest_tree(pyramid: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = pyramid.join("dest/dzi/latest/dzi_files");
    let walk = walkdir::WalkDir::new(&folder).sort_by_file_name().into_iter().map(Result::unwrap);
    let files = walk.filter(|entry| !entry.file_type().is_dir()).map(walkdir::DirEntry::into_path);
    files.map(|path| (path.strip_prefix(&folder).unwrap().to_owned(), std::fs::read(&path).unwrap())).collect()
}

/// A change of a picture.
#[derive(Debug, Clone)]
enum Edit {
    Nothing,
    Pixel(u32, u32, u8),
    Rectangle(u32, u32, u32, u32, u8),
    All(u64),
    /// The picture from this number of pictures ago.
    Back(usize),
    Vacuum,
}

fn edit() -> impl Strategy<Value = Edit> {
    let (x, y) = (0..SIZE.0, 0..SIZE.1);
    prop_oneof![
        1 => Just(Edit::Nothing),
        4 => (x.clone(), y.clone(), any::<u8>()).prop_map(|(x, y, grey)| Edit::Pixel(x, y, grey)),
        4 => (x, y, 1..50u32, 1..50u32, any::<u8>()).prop_map(|(x, y, w, h, grey)| Edit::Rectangle(x, y, w, h, grey)),
        1 => any::<u64>().prop_map(Edit::All),
        2 => (1usize..4).prop_map(Edit::Back),
        1 => Just(Edit::Vacuum),
    ]
}

/// Names of tiles in which two pictures differ.
fn differing(one: &RgbImage, other: &RgbImage, overlap: u32) -> BTreeSet<String> {
    let tiles = |at: u32, side: u32| at.saturating_sub(overlap) / SIDE..=(at + overlap).min(side - 1) / SIDE;
    let places = one.enumerate_pixels().filter(|(x, y, pixel)| other[(*x, *y)] != **pixel);
    let names = places.flat_map(|(x, y, _)| {
        tiles(y, SIZE.1).flat_map(move |row| tiles(x, SIZE.0).map(move |column| format!("{column}_{row}")))
    });
    names.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(16), failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_history_shows_the_picture(
        edits in prop::collection::vec((edit(), any::<bool>()), 1..7), jpeg: bool,
        overlap in prop::sample::select(vec![0u32, 0, 1, 3, 8]),
    ) {
        let format = if jpeg { "jpg" } else { "png" };
        let shared = overlap.to_string();
        let (sandbox, mut shown) = cut_once(format, &["--build", "--overlap", &shared]);
        let (mut pictures, mut version) = (vec![shown.clone()], 0);
        for (edit, build) in edits {
            let mut next = shown.clone();
            match edit {
                Edit::Nothing => {}
                Edit::Pixel(x, y, grey) => next.put_pixel(x, y, Rgb([grey; 3])),
                Edit::Rectangle(left, top, width, height, grey) => {
                    let (right, below) = (SIZE.0.min(left + width), SIZE.1.min(top + height));
                    for (x, y) in (top..below).flat_map(|y| (left..right).map(move |x| (x, y))) {
                        next.put_pixel(x, y, Rgb([grey, 5, 200]));
                    }
                }
                Edit::All(seed) => next = picture(seed),
                Edit::Back(steps) => next = pictures[pictures.len().saturating_sub(steps)].clone(),
                Edit::Vacuum => {
                    sandbox.succeed(&["build", "p", "-q"]);
                    sandbox.succeed(&["vacuum", "p", "--keep-last", "1", "-q"]);
                }
            }
            save(&sandbox, "b.png", &next);
            let object = cut(&sandbox, if build { &["b.png", "p", "--build"] } else { &["b.png", "p"] });
            let differ = differing(&shown, &next, overlap);
            if object["status"] == "cut" {
                version += 1;
                prop_assert_eq!(&object["version"], version);
                let written = tiles(&sandbox, &format!("p/v{version}"));
                // Two pictures may be the same JPEG.
                let right = if jpeg { written.is_subset(&differ) } else { written == differ };
                prop_assert!(right, "{written:?} were written, {differ:?} differ");
            } else {
                prop_assert!(jpeg || differ.is_empty());
            }
            shown = next;
            pictures.push(shown.clone());
        }
        sandbox.succeed(&["build", "p", "-q"]);
        assert_tree_rules(&sandbox.path("p"));
        sandbox.succeed(&["verify", "p", "-q"]);
        save(&sandbox, "b.png", &shown);
        sandbox.succeed(&["cut", "b.png", "fresh", "--tile-size", "16", "--format", format, "--build", "--overlap", &shared]);
        if overlap == 0 {
            let tree = tree_pixels(&sandbox.path("p"), SIZE, SIDE, format);
            prop_assert!(jpeg || tree == pixels_of(&shown));
        }
        let (p, fresh) = (latest_tree(&sandbox.path("p")), latest_tree(&sandbox.path("fresh")));
        prop_assert!(p == fresh, "a history and a fresh cut differ");
    }
}
