//! Corruptions of single files.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// A description, and the change to a file.
pub(super) type Corruption = (String, Box<dyn Fn(&Path)>);

pub(super) fn corruption(name: &str, act: impl Fn(&Path) + 'static) -> Corruption {
    (name.to_owned(), Box::new(act))
}

pub(super) fn replaced_by(name: &str, contents: impl Into<Vec<u8>>) -> Corruption {
    let contents = contents.into();
    corruption(name, move |path| fs::write(path, &contents).unwrap())
}

/// Corruptions of any file. Links lead from the tool's own folder, or `down` folders below it, to the user's.
pub(super) fn of_any_file(down: usize) -> Vec<Corruption> {
    let linked = |target: String| {
        move |path: &Path| {
            let _ = fs::remove_file(path);
            symlink(&target, path).unwrap();
        }
    };
    let mut all = vec![
        replaced_by("empty", ""),
        replaced_by("garbage", b"\xff\xfe{]\0garbage".to_vec()),
        replaced_by("a megabyte", vec![0x5a; 1 << 20]),
        corruption("a folder", |path| {
            let _ = fs::remove_file(path);
            fs::create_dir(path).unwrap();
            fs::write(path.join("inside"), "x").unwrap();
        }),
        corruption("a link to a source tile", linked(format!("{}v3/3_1.png", "../".repeat(2 + down)))),
        corruption("a link that leads nowhere", linked("nothing/here".into())),
        corruption("a link to itself", |path| {
            let _ = fs::remove_file(path);
            symlink(path.file_name().unwrap(), path).unwrap();
        }),
        corruption("a pipe", |path| {
            let _ = fs::remove_file(path);
            assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        }),
    ];
    for quarters in 1..4 {
        all.push(corruption(&format!("{quarters} quarters of it"), move |path| {
            let bytes = fs::read(path).unwrap_or_default();
            fs::write(path, &bytes[..bytes.len() * quarters / 4]).unwrap();
        }));
    }
    all
}

/// A JSON file with one value changed.
pub(super) fn with_value(place: &'static [&'static str], value: impl Into<serde_json::Value>) -> Corruption {
    let value = value.into();
    corruption(&format!("{} is {value}", place.join(".")), move |path| {
        let mut json: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let mut at = &mut json;
        for key in place {
            at = &mut at[*key];
        }
        *at = value.clone();
        fs::write(path, json.to_string()).unwrap();
    })
}

/// Corruptions of a JSON file with a schema.
pub(super) fn of_json(down: usize) -> Vec<Corruption> {
    let mut all = of_any_file(down);
    all.extend(["{}", "[]", "null", "0", "{\"schema\":1}"].map(|text| replaced_by(text, text)));
    all.extend([with_value(&["schema"], 99), with_value(&["schema"], -1), with_value(&["schema"], "one")]);
    all
}
