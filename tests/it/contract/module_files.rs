//! Every source file belongs to a crate: a file without a `mod` line would neither be compiled nor tested.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use test_support::root;

/// All files in a folder and below it whose names end in `.rs`.
fn rust_files(folder: &Path) -> BTreeSet<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = paths.partition(|path| path.is_dir());
    let below = folders.iter().flat_map(|folder| rust_files(folder));
    files.into_iter().filter(|path| path.extension().is_some_and(|it| it == "rs")).chain(below).collect()
}

/// The files that begin a crate: those that Cargo finds by itself.
fn crate_roots() -> Vec<PathBuf> {
    let mut roots =
        vec![root().join("src/lib.rs"), root().join("src/main.rs"), root().join("tests/support/src/lib.rs")];
    for entry in fs::read_dir(root().join("tests")).unwrap() {
        let path = entry.unwrap().path();
        let main = path.join("main.rs");
        if main.exists() {
            roots.push(main);
        } else if path.extension().is_some_and(|it| it == "rs") {
            roots.push(path);
        }
    }
    roots
}

/// The name in a line such as `pub(crate) mod name;`.
fn declared_module(line: &str) -> Option<&str> {
    let (visibility, name) = line.trim().strip_suffix(';')?.rsplit_once("mod ")?;
    let plain = visibility.is_empty() || visibility.starts_with("pub");
    (plain && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')).then_some(name)
}

/// Adds a file and all modules that it declares, and so on.
fn follow(file: &Path, is_root: bool, found: &mut BTreeSet<PathBuf>) {
    if !found.insert(file.to_owned()) {
        return;
    }
    let (folder, stem) = (file.parent().unwrap(), file.file_stem().unwrap());
    let children = if is_root || stem == "mod" { folder.to_owned() } else { folder.join(stem) };
    let text = fs::read_to_string(file).unwrap();
    let mut given_path = None;
    for line in text.lines() {
        if let Some(path) = line.trim().strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]")) {
            given_path = Some(fs::canonicalize(folder.join(path)).unwrap());
        } else if let Some(name) = declared_module(line) {
            let choices = [children.join(format!("{name}.rs")), children.join(name).join("mod.rs")];
            let existing = given_path.take().or_else(|| choices.into_iter().find(|path| path.exists()));
            follow(&existing.unwrap_or_else(|| panic!("{}: no file for {name}", file.display())), false, found);
        }
    }
}

#[test]
fn every_source_file_is_a_declared_module() {
    let mut declared = BTreeSet::new();
    for file in crate_roots() {
        follow(&file, true, &mut declared);
    }
    let present = rust_files(&root().join("src")).into_iter().chain(rust_files(&root().join("tests")));
    let forgotten: Vec<PathBuf> = present.filter(|path| !declared.contains(path)).collect();
    assert!(declared.len() > 100, "only {} files were found", declared.len());
    assert!(forgotten.is_empty(), "no `mod` line declares {forgotten:?}");
}

#[test]
fn tests_use_no_path_into_src() {
    for file in rust_files(&root().join("tests")) {
        let text = fs::read_to_string(&file).unwrap();
        let leads_to_src = |line: &&str| line.trim_start().starts_with("#[path") && line.contains("src/");
        assert_eq!(text.lines().find(leads_to_src), None, "{}", file.display());
    }
}

#[test]
fn program_under_test_is_the_one_that_cargo_built() {
    assert_eq!(test_support::program(), Path::new(env!("CARGO_BIN_EXE_fast_pyramid")));
}
