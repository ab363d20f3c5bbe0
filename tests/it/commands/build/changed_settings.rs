//! Settings changed after a version was published.

use super::changed_sources::{published, rebuild};
use snapbox::str;

#[test]
fn changed_settings_are_refused() {
    for (key, value) in [("quality", "60"), ("optimize", "true"), ("filter", "'lanczos3'"), ("linear", "true")] {
        let sandbox = published();
        let mut spec = format!("{{ width: 256, height: 48, tile_size: 64, overlap: 0, {key}: {value} }}");
        sandbox.spec("p", &spec);
        let ended = sandbox.run(&["p"]);
        assert_eq!(ended.code, 3);
        let expected = format!("error: p: v0 was published with other settings: \"{key}\" was ");
        assert!(ended.err.starts_with(&expected), "{}", ended.err);
        assert!(
            ended.err.ends_with(" rebuild everything with fast_pyramid build p --rebuild-from 0\n"),
            "{}",
            ended.err
        );
        // The defaults written out are no change.
        spec =
            "{ width: 256, height: 48, tile_size: 64, overlap: 0, quality: 80, format: 'jpg', linear: false }".into();
        sandbox.spec("p", &spec);
        sandbox.run(&["p"]).expect(
            0,
            str![[r#"
p: v2 is published, nothing to do

"#]],
        );
    }
}

#[test]
fn changed_quality_is_refused() {
    let sandbox = published();
    sandbox.spec("p", "{ width: 256, height: 48, tile_size: 64, overlap: 0, quality: 60 }");
    sandbox.refuse(
        "p",
        &["p"],
        3,
        str![[r#"
error: p: v0 was published with other settings: "quality" was 80 and is 60
  restore the old settings, or rebuild everything with fast_pyramid build p --rebuild-from 0

"#]],
    );
    sandbox.refuse(
        "p",
        &["p", "--rebuild-from", "1"],
        3,
        str![[r#"
error: p: v0 was published with other settings: "quality" was 80 and is 60
  restore the old settings, or rebuild everything with fast_pyramid build p --rebuild-from 0

"#]],
    );
    rebuild(&sandbox, "0");
}

#[test]
fn changed_size_is_refused() {
    let sandbox = published();
    sandbox.spec("p", "{ width: 255, height: 48, tile_size: 64, overlap: 0 }");
    sandbox.refuse(
        "p",
        &["p"],
        3,
        str![[r#"
error: p: v0 was published with other settings: "width" was 256 and is 255
  restore the old settings, or rebuild everything with fast_pyramid build p --rebuild-from 0

"#]],
    );
}
