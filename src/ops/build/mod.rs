//! `build`: survey the sources, plan every version that is not published, build it in staging, publish it.

mod exchange;
pub(super) mod first;
mod report;
mod row_order;

pub use report::{BuildOptions, BuildReport, VersionReport, VersionStatus, Warning};

use super::observer::{Event, Quiet, TileProgress, Work};
use super::survey::Survey;
use super::{Error, ErrorKind, Failure, Pyramid, in_pool};
use crate::format::StaleOverlap;
use crate::format::dzi::descriptor;
use crate::store::{self, Manifest, NewTree, StagedTree, StoreError, Tree, TreeContext, Version, WriteLock};
use crate::text::FaultKind;
use crate::tile::{Codec, ENCODER_VERSION};
use crate::walk::{BuildFailure, BuildPlan, build_tree, find_stale_neighbours};
use exchange::Exchange;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

impl Pyramid {
    /// Builds and publishes every version that is not published yet.
    ///
    /// # Errors
    /// Sources or settings are invalid or have changed since a version was published, another process holds the pyramid,
    /// or the file system refuses. Versions published before the failure stay.
    pub fn build(&self, options: &BuildOptions<'_>) -> Result<BuildReport, Error> {
        in_pool(options.threads, || {
            if options.dry_run {
                self.refuse_half_done()?;
                let survey = Survey::run(self, options)?;
                survey.check_published()?;
                return Ok(survey.dry_report());
            }
            // Invalid input leaves no trace, so the first survey of a pyramid comes before the lock's folder is created.
            let first = if self.layout.state().exists() { None } else { Some(Survey::run(self, options)?) };
            let _lock = WriteLock::acquire(&self.layout, "build", options.locking, &Quiet(options.observer))?;
            self.finish_vacuum(options.observer)?;
            let survey = match first {
                Some(survey) if store::published(&self.layout)?.is_empty() => survey,
                _ => Survey::run(self, options)?,
            };
            survey.build_or_clean_up(options)
        })
    }
}

impl Survey {
    /// Builds what is pending. An interrupted or failed build is resumed by the next one, but invalid input leaves nothing
    /// behind.
    pub(super) fn build_or_clean_up(self, options: &BuildOptions<'_>) -> Result<BuildReport, Failure> {
        let layout = self.trees.layout.clone();
        let result = self.build(options);
        if result.as_ref().is_err_and(|failure| failure.kind() == ErrorKind::InvalidInput) {
            store::discard_staging(&layout)?;
        }
        result
    }

    pub(super) fn build(mut self, options: &BuildOptions<'_>) -> Result<BuildReport, Failure> {
        let layout = self.trees.layout.clone();
        self.check_published()?;
        let pending: Vec<Version> = self.pending.keys().copied().collect();
        store::clean_leftovers(&layout, &pending)?;
        let up_to_date = |manifest: &Manifest| VersionReport::of(manifest, VersionStatus::UpToDate);
        let mut reports: BTreeMap<Version, VersionReport> =
            self.kept.iter().map(|(&version, manifest)| (version, up_to_date(manifest))).collect();
        // Published versions are replaced all at once, so all of their replacements must exist first.
        let batch = if self.from.is_some() { pending.len().max(1) } else { 1 };
        for versions in pending.chunks(batch) {
            for &version in versions {
                let manifest = self.build_version(version, options)?;
                if let (Some(plain), Some(tiles)) = (&mut self.plain, self.pending.get(&version)) {
                    plain.add(version, tiles);
                }
                self.trees.staged.insert(version);
                reports.insert(version, VersionReport::of(&manifest, VersionStatus::Built));
            }
            if let Some(from) = self.from {
                store::forget_dropped(&layout, from)?;
            }
            let from = self.from.or(versions.first().copied()).unwrap_or(Version(0));
            options.observer.event(&Event::Started { work: Work::Flush, total: 0 });
            store::publish(&layout, from, versions, options.durability)?;
            self.trees.staged.clear();
            for report in versions.iter().filter_map(|version| reports.get(version)) {
                options.observer.event(&Event::VersionPublished(report));
            }
        }
        if let (Some(from), true) = (self.from, pending.is_empty()) {
            store::forget_dropped(&layout, from)?;
            store::publish(&layout, from, &[], options.durability)?;
        }
        store::forget_replaced(&layout)?;
        if let Some(&highest) = self.versions.last() {
            store::point_latest_to(&layout, highest)?;
        }
        // The last step: killed before, a revert is finished by the next one.
        store::forget_revert(&layout)?;
        let base_tiles = self.trees.settings.base_tiles;
        Ok(BuildReport { versions: reports.into_values().collect(), dropped: self.sourceless, base_tiles })
    }

    /// Builds one version in staging.
    fn build_version(&self, version: Version, options: &BuildOptions<'_>) -> Result<Manifest, Failure> {
        let trees = &self.trees;
        let plan = self.plan(version);
        let total = plan.counts().steps();
        options.observer.event(&Event::Started { work: Work::Version(version), total });
        let source = self.open_source(version)?;
        let previous = self.below(version).map(|below| Tree::open(trees, below)).transpose()?;
        let affects = |tile| plan.affects(tile);
        let new = NewTree { version, encoder: ENCODER_VERSION, durability: options.durability };
        let staged = StagedTree::start(trees, new, previous.as_ref(), &source, &affects)?;
        let (geometry, plain) = (trees.geometry, self.plain.as_ref());
        let exchange = Exchange { geometry, source, previous, plain, staged };
        let codec = Codec::new(&trees.settings);
        self.check_overlap(&plan, codec, &exchange, version, options)?;
        build_tree(&plan, codec, &exchange, &exchange, &TileProgress(options.observer))
            .map_err(|failure| explain(failure, trees, version, Some(&exchange)))?;
        finish_tree(exchange.staged, trees, version)
    }

    /// Refuses a patch after which other tiles show edges that have changed, or warns of it.
    fn check_overlap(
        &self,
        plan: &BuildPlan,
        codec: Codec,
        exchange: &Exchange<'_>,
        version: Version,
        options: &BuildOptions<'_>,
    ) -> Result<(), Failure> {
        let found = find_stale_neighbours(plan, codec, exchange);
        let faults = found.map_err(|failure| explain(failure, &self.trees, version, Some(exchange)))?;
        match self.stale_overlap {
            _ if faults.is_empty() => Ok(()),
            StaleOverlap::Refuse => Err(Failure::Tiles { folder: self.source_folder(version), faults, advice: None }),
            StaleOverlap::Keep => {
                options.observer.event(&Event::Warning(&Warning::StaleOverlap { version, tiles: faults.to_string() }));
                Ok(())
            }
        }
    }
}

/// Completes the staged tree of `version`, which has all its tiles.
pub(super) fn finish_tree(staged: StagedTree, trees: &TreeContext, version: Version) -> Result<Manifest, Failure> {
    let text = descriptor(&trees.geometry, trees.format().extension())
        .map_err(|error| Failure::Encode { path: trees.layout.tree(version), problem: error.to_string() })?;
    let built = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Ok(staged.finish(&text, built)?)
}

/// Adds paths to the failure of building `version`, of tiles from `exchange` if there are earlier ones.
pub(super) fn explain(
    failure: BuildFailure<StoreError>,
    trees: &TreeContext,
    version: Version,
    exchange: Option<&Exchange<'_>>,
) -> Failure {
    let layout = &trees.layout;
    let previous = exchange.and_then(|exchange| exchange.previous.as_ref());
    match failure {
        BuildFailure::Faults(faults) => {
            let folder = layout.source(trees.place, version);
            // Later versions are named like the lowest.
            let may_be_flipped = previous.is_none() && faults.has(FaultKind::WrongSize);
            let advice = if may_be_flipped { row_order::advice(trees, &folder) } else { None };
            Failure::Tiles { folder, faults, advice: advice.map(Box::new) }
        }
        BuildFailure::Stored { tile, error } => {
            let version = previous.map_or(version, Tree::version);
            let path = exchange.map_or_else(PathBuf::new, |exchange| exchange.previous_path(tile));
            Failure::StoredTile { path, version, problem: error.to_string() }
        }
        BuildFailure::Encode { tile, error } => {
            let path = layout.tree(version).join(store::tile_path(tile, trees.format()));
            Failure::Encode { path, problem: error.to_string() }
        }
        BuildFailure::Store(error) => error.into(),
        BuildFailure::Cancelled => Failure::Cancelled { pyramid: layout.root().to_owned() },
    }
}
