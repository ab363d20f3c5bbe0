//! README shows what its commands print.

use test_support::cli::Sandbox;

#[test]
fn readme_shows_what_its_first_command_prints() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let sandbox = Sandbox::with_fixture("relief");
    let err = sandbox.succeed(&["relief"]).err;
    let built: Vec<&str> = err.lines().filter(|line| line.contains(" built: ")).collect();
    assert_eq!(built.len(), 3, "{err}");
    for line in built {
        assert!(readme.contains(&format!("    fixtures/{line}\n")), "README does not show: fixtures/{line}");
    }
}
