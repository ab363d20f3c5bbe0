//! Where the documents lead: links, headings, and the files that ARCHITECTURE.md names.

use super::{blocks, guides, read, root};
use std::collections::BTreeSet;
use std::fs;

/// The most lines of README.md, which is meant to be read in three minutes.
const MAX_README_LINES: usize = 200;

#[test]
fn readme_is_short_and_leads_to_every_guide() {
    let readme = read("README.md");
    let lines = readme.lines().count();
    assert!(lines <= MAX_README_LINES, "README.md has {lines} lines");
    for guide in guides() {
        assert!(readme.contains(&format!("({guide})")), "README.md does not lead to {guide}");
    }
}

#[test]
fn architecture_sends_to_files_that_exist() {
    let text = read("ARCHITECTURE.md");
    let table = text.split("## To change X, go to Y").nth(1).unwrap().split("Future capabilities").next().unwrap();
    let named = table.split('`').skip(1).step_by(2).filter(|name| name.contains('/') || name.ends_with(".rs"));
    let (mut count, mut wrong) = (0, Vec::new());
    for name in named {
        count += 1;
        if !root().join("src").join(name).exists() && !root().join(name).exists() {
            wrong.push(name);
        }
    }
    assert!(count > 20, "only {count} files and folders are named");
    assert!(wrong.is_empty(), "ARCHITECTURE.md names what does not exist: {}", wrong.join(", "));
}

/// The name by which a heading is linked to.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|letter| letter.is_alphanumeric() || ['-', '_'].contains(letter)).collect()
}

/// The headings of a document that are not in blocks, as they are linked to.
fn anchors(text: &str) -> BTreeSet<String> {
    let lines: Vec<&str> = text.lines().collect();
    let code: BTreeSet<usize> = blocks(&lines).into_iter().flat_map(|(block, _)| block).collect();
    let headings = lines.iter().enumerate().filter(|(at, line)| !code.contains(at) && line.starts_with('#'));
    headings.map(|(_, line)| anchor(line.trim_start_matches('#').trim())).collect()
}

#[test]
fn links_lead_to_files_and_headings() {
    let fixed = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md"];
    let others = ["fixtures/README.md", "fuzz/README.md", "benches/peers/README.md"];
    let mut wrong = Vec::new();
    for document in fixed.iter().chain(&others).map(|name| (*name).to_owned()).chain(guides()) {
        let text = read(&document);
        let lines: Vec<&str> = text.lines().collect();
        let code: BTreeSet<usize> = blocks(&lines).into_iter().flat_map(|(block, _)| block).collect();
        for (at, line) in lines.iter().enumerate().filter(|(at, _)| !code.contains(at)) {
            for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                if link.contains("://") {
                    continue;
                }
                let (file, heading) = link.split_once('#').unwrap_or((link, ""));
                let folder = root().join(&document).parent().unwrap().to_owned();
                let target = if file.is_empty() { root().join(&document) } else { folder.join(file) };
                let is_heading = || anchors(&fs::read_to_string(&target).unwrap()).contains(heading);
                if !target.exists() || (!heading.is_empty() && !is_heading()) {
                    wrong.push(format!("{document}:{}: {link}", at + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "links that lead nowhere:\n{}", wrong.join("\n"));
}
