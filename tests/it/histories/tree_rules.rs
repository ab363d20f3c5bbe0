//! The checks of whole trees themselves, against pyramids made and broken by hand.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use test_support::copy_sources;
use test_support::tree::{
    assert_same_tree, assert_sources_unchanged, assert_tree_rules, differences, snapshot, source_fingerprint,
    tree_problems,
};

#[test]
fn snapshot_comparison_names_the_differences() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    copy_sources("row_column", &a);
    copy_sources("row_column", &b);
    assert_same_tree(&a, &b);
    let before = source_fingerprint(&a);
    fs::create_dir(a.join("dest")).unwrap();
    assert_sources_unchanged(&a, &before);
    assert_eq!(differences(&snapshot(&a), &snapshot(&b)), ["dest: only in the first, a folder"]);
    fs::remove_dir(a.join("dest")).unwrap();
    fs::write(b.join("pyramid.json"), "{ width: 751 }").unwrap();
    assert_eq!(
        differences(&snapshot(&a), &snapshot(&b)),
        ["pyramid.json: a file of 56 bytes and a file of 14 bytes, different from byte 11 on"]
    );
    let tile = fs::File::options().append(true).open(a.join("v1/0_0.jpg")).unwrap();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(9);
    tile.set_modified(later).unwrap();
    assert!(source_fingerprint(&a) != before);
}

/// Makes files and links of a pyramid by hand.
struct ByHand<'a>(&'a Path);

impl ByHand<'_> {
    fn place(&self, path: &str) -> PathBuf {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn file(&self, path: &str, content: &str) {
        fs::write(self.place(path), content).unwrap();
    }

    fn link(&self, path: &str, target: &str) {
        symlink(target, self.place(path)).unwrap();
    }
}

/// A published pyramid of two pixels, tiles of one pixel and two versions.
fn hand_made(folder: &Path) {
    let by_hand = ByHand(folder);
    let file = |path: &str, content: &str| by_hand.file(path, content);
    let link = |path: &str, target: &str| by_hand.link(path, target);
    let xml = "<Image TileSize=\"1\" Format='png'><Size Width=\"2\" Height=\"1\"/></Image>";
    file("v0/0_0.png", "a");
    file("v0/1_0.png", "b");
    file("v1/1_0.png", "c");
    file("dest/.fast_pyramid/anything", "");
    file("dest/dzi/v0/dzi.xml", xml);
    file("dest/dzi/v0/dzi_files/0/0_0.png", "ab");
    link("dest/dzi/v0/dzi_files/1/0_0.png", "../../../../../v0/0_0.png");
    link("dest/dzi/v0/dzi_files/1/1_0.png", "../../../../../v0/1_0.png");
    file("dest/dzi/v1/dzi.xml", xml);
    link("dest/dzi/v1/dzi_files/0/0_0.png", "../../../v0/dzi_files/0/0_0.png");
    link("dest/dzi/v1/dzi_files/1/0_0.png", "../../../../../v0/0_0.png");
    link("dest/dzi/v1/dzi_files/1/1_0.png", "../../../../../v1/1_0.png");
    link("dest/dzi/latest", "v1");
}

/// A published pyramid with overlap whose base level is composed of plain tiles: 4x1 pixels, tiles of two pixels, two
/// versions.
fn hand_made_of_plain_tiles(folder: &Path) {
    let by_hand = ByHand(folder);
    let file = |path: &str, content: &str| by_hand.file(path, content);
    let link = |path: &str, target: &str| by_hand.link(path, target);
    let xml = "<Image TileSize=\"2\" Overlap=\"1\" Format='png'><Size Width=\"4\" Height=\"1\"/></Image>";
    file("v0/0_0.png", "ab");
    file("v0/1_0.png", "cd");
    file("v1/1_0.png", "cz");
    file("dest/dzi/v0/dzi.xml", xml);
    file("dest/dzi/v0/dzi_files/0/0_0.png", "abcd");
    file("dest/dzi/v0/dzi_files/1/0_0.png", "ab cd");
    file("dest/dzi/v0/dzi_files/2/0_0.png", "abc");
    file("dest/dzi/v0/dzi_files/2/1_0.png", "bcd");
    file("dest/dzi/v1/dzi.xml", xml);
    file("dest/dzi/v1/dzi_files/0/0_0.png", "abcz");
    file("dest/dzi/v1/dzi_files/1/0_0.png", "ab cz");
    link("dest/dzi/v1/dzi_files/2/0_0.png", "../../../v0/dzi_files/2/0_0.png");
    file("dest/dzi/v1/dzi_files/2/1_0.png", "bcz");
    link("dest/dzi/latest", "v1");
}

/// What is done to a pyramid to break a rule.
enum Breach<'a> {
    Missing,
    File(&'a str),
    Link(&'a str),
}

/// Fails unless each breach, at a path of a pyramid that `make` makes, is reported in these words.
fn assert_reported(make: fn(&Path), breaches: &[(&str, Breach<'_>, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    for (number, (path, breach, words)) in breaches.iter().enumerate() {
        let bad = folder.path().join(format!("bad{number}"));
        make(&bad);
        let path = bad.join(path);
        let _ = fs::remove_file(&path);
        match breach {
            Breach::File(content) => fs::write(&path, content).unwrap(),
            Breach::Link(target) => symlink(target, &path).unwrap(),
            Breach::Missing => {}
        }
        let problems = tree_problems(&bad);
        assert!(
            problems.iter().any(|problem| problem.contains(words)),
            "{number}: wanted '{words}', found {problems:?}"
        );
    }
}

#[test]
fn tree_rules_accept_a_good_tree_and_report_each_breach() {
    use Breach::{File, Link, Missing};
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good");
    hand_made(&good);
    assert_tree_rules(&good);

    let parent = "dest/dzi/v1/dzi_files/0/0_0.png";
    let base = "dest/dzi/v1/dzi_files/1/0_0.png";
    let absolute = good.join("v0/0_0.png");
    let absolute = absolute.to_str().unwrap();
    let breaches = [
        (parent, Missing, "is missing"),
        (parent, Link("../../../v9/x.png"), "dangles"),
        (parent, Link("../../../latest/dzi_files/1/0_0.png"), "over another"),
        (parent, Link("../../../v0/dzi_files/1/0_0.png"), "over another"),
        (parent, Link("../../../../../v0/0_0.png"), "not the same tile"),
        (parent, File("ab"), "bytes of the version before"),
        (base, File("a"), "must be a link"),
        (base, Link(absolute), "is absolute"),
        (base, Link("../../../../../../good/v0/0_0.png"), "leaves the pyramid"),
        (base, Link("../../../../../v0/1_0.png"), "not this tile"),
        (base, Link("../../../v0/dzi_files/1/0_0.png"), "over another"),
        ("dest/dzi/v0/dzi_files/1/1_0.png", Link("../../../../../v1/1_0.png"), "later"),
        ("dest/dzi/latest", Link("v0"), "not to v1"),
        ("dest/dzi/latest", Missing, "is no link"),
        ("dest/dzi/v01", File(""), "stranger"),
        ("dest/index.html", File(""), "stranger"),
        ("dest/dzi/v1/notes", File(""), "stranger"),
        ("dest/dzi/v1/dzi_files/2", File(""), "no level"),
        ("dest/dzi/v1/dzi_files/0/1_0.png", File(""), "stranger"),
        ("dest/dzi/v0/dzi.xml", File("<Image/>"), "lacks"),
    ];
    assert_reported(hand_made, &breaches);

    // The parent of a changed tile is a file with other bytes.
    fs::remove_file(good.join(parent)).unwrap();
    fs::write(good.join(parent), "ac").unwrap();
    assert_tree_rules(&good);
}

#[test]
fn tree_rules_treat_composed_base_tiles_as_generated() {
    use Breach::{File, Link, Missing};
    let folder = tempfile::tempdir().unwrap();
    hand_made_of_plain_tiles(folder.path());
    assert_tree_rules(folder.path());

    let (linked, changed) = ("dest/dzi/v1/dzi_files/2/0_0.png", "dest/dzi/v1/dzi_files/2/1_0.png");
    let (first, last) = ("dest/dzi/v0/dzi_files/2/0_0.png", "dest/dzi/v0/dzi_files/2/1_0.png");
    let breaches = [
        (linked, Missing, "is missing"),
        (linked, File("abc"), "bytes of the version before"),
        (changed, File("bcd"), "bytes of the version before"),
        (changed, Link("../../../../../v1/1_0.png"), "not the same tile in another tree"),
        (linked, Link("../../../v0/dzi_files/2/1_0.png"), "not the same tile"),
        // The user's tiles are not the trees'.
        (last, Link("../../../../../v0/1_0.png"), "not the same tile in another tree"),
        (first, Link("../../../../../v0/0_0.png"), "a base tile must be a link"),
        (last, Link("../../../v1/dzi_files/2/1_0.png"), "not an earlier version"),
        ("dest/dzi/v1/dzi_files/3", File(""), "no level"),
    ];
    assert_reported(hand_made_of_plain_tiles, &breaches);

    // Without overlap, base tiles are links.
    for version in ["v0", "v1"] {
        let descriptor = folder.path().join(format!("dest/dzi/{version}/dzi.xml"));
        let xml = fs::read_to_string(&descriptor).unwrap().replace("Overlap=\"1\"", "Overlap=\"0\"");
        fs::write(descriptor, xml).unwrap();
    }
    assert_eq!(tree_problems(folder.path()).iter().filter(|one| one.contains("must be a link")).count(), 3);
}
