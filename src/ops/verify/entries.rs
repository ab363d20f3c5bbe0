//! Whether trees have all their tiles and links: what must hold before files move from one tree to another.

use super::Published;
use crate::ops::Failure;
use crate::ops::observer::{Observer, Quiet};
use crate::store::{Owners, Problem, ProblemKind, Problems, Version, VersionCheck, VersionState};

impl Published {
    /// Refuses trees that lack a tile or a link, or have another one. The bytes of tiles are not read.
    pub(in crate::ops) fn require_entries(&self, observer: &dyn Observer) -> Result<(), Failure> {
        let mut owners = Owners::new(&self.trees.geometry);
        for (version, state) in &self.states {
            match state {
                VersionState::Published(_) => {}
                VersionState::Dropped(_) => {
                    owners.apply_manifest(*version, &self.trees.manifest(*version))?;
                    continue;
                }
                VersionState::NoManifest(problem) | VersionState::NoTree(_, problem) => {
                    return Err(self.broken(problem));
                }
            }
            owners.apply_manifest(*version, &self.trees.manifest(*version))?;
            if let Some(problem) = self.wrong_entry(*version, &mut owners, observer)? {
                return Err(self.broken(&problem));
            }
        }
        Ok(())
    }

    /// The first entry of a tree that is not as its owner implies.
    fn wrong_entry(
        &self,
        version: Version,
        owners: &mut Owners,
        observer: &dyn Observer,
    ) -> Result<Option<Problem>, Failure> {
        let (context, progress, problems) = (&self.trees, &Quiet(observer), &mut Problems::default());
        let mut check = VersionCheck { context, version, owners, problems, progress };
        let levels = check.check_folders(&self.descriptor)?;
        check.check_entries(&levels);
        if observer.is_cancelled() {
            return Err(Failure::Cancelled { pyramid: context.layout.root().to_owned() });
        }
        Ok(problems.kept().find(|problem| problem.kind != ProblemKind::Unexpected).cloned())
    }

    fn broken(&self, problem: &Problem) -> Failure {
        let pyramid = self.trees.layout.root().to_owned();
        Failure::BrokenTree { path: pyramid.clone(), pyramid, problem: problem.to_string() }
    }
}
