//! The Python example, which reads the JSON output.

use super::{Shell, root};

#[test]
fn python_example_prints_what_to_purge() {
    let shell = Shell::new();
    if !shell.run("python3 --version").1 {
        eprintln!("SKIPPED: the Python example was not run: that needs python3");
        return;
    }
    let script = root().join("examples/build_and_purge.py");
    let (_, _) = shell.run("cp -r fixtures/relief image1 && rm -r image1/v1 image1/v2");
    let run = || {
        let (lines, succeeds) =
            shell.run(&format!("python3 {} purged.json https://tiles.example.org image1", script.display()));
        let urls =
            lines.iter().filter(|line| line.starts_with("https://tiles.example.org/image1/latest/dzi_files/")).count();
        let summary = lines.iter().find(|line| line.starts_with("image1: built")).unwrap();
        (summary.clone(), urls, succeeds)
    };
    // The first version has never been in a cache.
    assert_eq!(run(), ("image1: built [0] ".trim_end().into(), 0, true));
    shell.run("cp -r fixtures/relief/v1 fixtures/relief/v2 image1");
    // A run that was killed before it could purge.
    assert!(shell.run("fast_pyramid -q image1").1);
    assert_eq!(run(), ("image1: built nothing".into(), 20, true));
    assert_eq!(run(), ("image1: built nothing".into(), 0, true));
    // The file was emptied.
    shell.run(": > purged.json");
    assert_eq!(run(), ("image1: built nothing".into(), 20, true));
    // What cannot be listed is neither purged nor counted as purged.
    shell.run(r#"echo '{"image1": 9}' > purged.json"#);
    assert_eq!(run(), ("image1: built nothing".into(), 0, false));
    assert_eq!(shell.run("cat purged.json").0, [r#"{"image1": 9}"#]);
    shell.run(r#"echo '{"image1": 2}' > purged.json"#);
    shell.run("mkdir image1/v3 && echo damaged > image1/v3/0_0.jpg");
    let (line, urls, succeeds) = run();
    assert!(line.starts_with("image1: built nothing image1/v3: 1 tile is wrong"), "{line}");
    assert_eq!((urls, succeeds), (0, false));
}
