//! `build`: survey the sources, plan each version that is not published, build it in staging, publish it.

use super::exchange::Exchange;
use super::report::{BuildOptions, BuildReport, Cancellation, NoObserver, Observer, VersionReport, VersionStatus};
use super::survey::Survey;
use super::{Category, Error, Pyramid, in_pool};
use crate::format::dzi::descriptor;
use crate::store::{
    self, Durability, Manifest, NewTree, StagedTree, StoreError, Tree, TreeContext, Version, WriteLock,
};
use crate::tile::{Codec, ENCODER_VERSION};
use crate::walk::{self, BuildFailure, Watch};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Lets an observer watch a walk.
pub(super) struct WatchFor<'a>(pub(super) &'a dyn Observer);

impl Watch for WatchFor<'_> {
    fn tiles_done(&self, count: u64) {
        self.0.tiles_done(count);
    }

    fn stopped(&self) -> bool {
        self.0.stopped()
    }
}

impl Pyramid {
    /// Builds and publishes every version that is not published yet.
    ///
    /// # Errors
    /// Anything from invalid tiles to a full disk; versions published before the failure stay.
    pub fn build(&self, options: &BuildOptions) -> Result<BuildReport, Error> {
        self.build_observed(options, &NoObserver)
    }

    /// Like [`Pyramid::build`], with an observer.
    ///
    /// # Errors
    /// As [`Pyramid::build`].
    pub fn build_observed(&self, options: &BuildOptions, observer: &dyn Observer) -> Result<BuildReport, Error> {
        in_pool(options.threads, || {
            if options.dry_run {
                self.refuse_half_done()?;
                return Ok(Survey::take(self, options, observer)?.dry_report());
            }
            // Invalid input leaves no trace, so the first survey of a pyramid comes before the folder of the lock.
            let first = if self.layout.state().exists() { None } else { Some(Survey::take(self, options, observer)?) };
            let _lock = WriteLock::acquire(&self.layout, "build", options.locking, &Cancellation(observer))?;
            self.finish_vacuum(observer)?;
            let survey = match first {
                Some(survey) if store::published(&self.layout)?.is_empty() => survey,
                _ => Survey::take(self, options, observer)?,
            };
            let result = survey.build(options, observer);
            // What was stopped or failed half way goes on at the next run; invalid tiles leave nothing behind.
            if result.as_ref().is_err_and(|error| error.category() == Category::Input) {
                store::discard_staging(&self.layout)?;
            }
            result
        })
    }
}

impl Survey {
    pub(super) fn build(mut self, options: &BuildOptions, observer: &dyn Observer) -> Result<BuildReport, Error> {
        let layout = self.trees.layout.clone();
        store::clean_leftovers(&layout, &self.pending.keys().copied().collect::<Vec<_>>())?;
        let mut reports: BTreeMap<Version, VersionReport> = self
            .kept
            .iter()
            .map(|(&version, manifest)| (version, VersionReport::of(manifest, VersionStatus::UpToDate)))
            .collect();
        let pending: Vec<Version> = self.pending.keys().copied().collect();
        // Where published versions are replaced, all new ones have to be there first: the old ones must go together.
        let batch = if self.from.is_some() { pending.len().max(1) } else { 1 };
        for versions in pending.chunks(batch) {
            for &version in versions {
                let manifest = self.build_version(version, options.durability, observer)?;
                self.trees.staged.insert(version);
                reports.insert(version, VersionReport::of(&manifest, VersionStatus::Built));
            }
            if let Some(from) = self.from {
                store::forget_dropped(&layout, from)?;
            }
            let from = self.from.or(versions.first().copied()).unwrap_or(Version(0));
            store::publish(&layout, from, versions, options.durability)?;
            self.trees.staged.clear();
            versions
                .iter()
                .filter_map(|version| reports.get(version))
                .for_each(|report| observer.version_published(report));
        }
        if let (Some(from), true) = (self.from, pending.is_empty()) {
            store::forget_dropped(&layout, from)?;
            store::publish(&layout, from, &[], options.durability)?;
        }
        store::forget_replaced(&layout)?;
        if let Some(&highest) = self.versions.last() {
            store::point_latest_to(&layout, highest)?;
        }
        Ok(BuildReport { versions: reports.into_values().collect() })
    }

    /// Builds one version in staging.
    fn build_version(
        &self,
        version: Version,
        durability: Durability,
        observer: &dyn Observer,
    ) -> Result<Manifest, Error> {
        let trees = &self.trees;
        observer.version_started(version, trees.geometry.tile_count());
        let source = self.open_source(version)?;
        let previous = self.below(version).map(|below| Tree::open(trees, below)).transpose()?;
        let plan = self.plan(version);
        let affects = |tile| plan.affects(tile);
        let new = NewTree { version, encoder: ENCODER_VERSION, durability };
        let staged = StagedTree::start(trees, new, previous.as_ref(), &source, &affects)?;
        let exchange = Exchange { source, previous, staged };
        let codec = Codec::new(&trees.settings);
        walk::run(&plan, codec, &exchange, &exchange, &WatchFor(observer))
            .map_err(|failure| explain(failure, trees, version, exchange.previous.as_ref()))?;
        finish_tree(exchange.staged, trees, version)
    }
}

/// Ends the staged tree of `version`, which has all its tiles.
pub(super) fn finish_tree(staged: StagedTree, trees: &TreeContext, version: Version) -> Result<Manifest, Error> {
    let text = descriptor(&trees.geometry, trees.format().extension())
        .map_err(|error| Error::Encode { path: trees.layout.tree(version), problem: error.to_string() })?;
    let built = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Ok(staged.finish(&text, built)?)
}

/// Why the build of `version` on `previous` ended before its time, with paths.
pub(super) fn explain(
    failure: BuildFailure<StoreError>,
    trees: &TreeContext,
    version: Version,
    previous: Option<&Tree>,
) -> Error {
    let layout = &trees.layout;
    match failure {
        BuildFailure::Faults(faults) => Error::Tiles { folder: layout.source(trees.place, version), faults },
        BuildFailure::Stored { tile, error } => {
            let version = previous.map_or(version, Tree::version);
            let path = previous.map_or_else(PathBuf::new, |tree| tree.path(tile));
            Error::StoredTile { path, version, problem: error.to_string() }
        }
        BuildFailure::Encode { tile, error } => {
            let path = layout.tree(version).join(store::tile_path(tile, trees.format()));
            Error::Encode { path, problem: error.to_string() }
        }
        BuildFailure::Store(error) => error.into(),
        BuildFailure::Stopped => Error::Interrupted { pyramid: layout.root().to_owned() },
    }
}
