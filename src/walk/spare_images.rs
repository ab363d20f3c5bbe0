//! Images that go from tile to tile.

use crate::sync::Mutex;
use crate::tile::TileImage;

/// Images that have been used and can be again, so that in the long run none is allocated for each tile. There are never
/// more than were in use at once.
#[derive(Debug, Default)]
pub(super) struct SpareImages(Mutex<Vec<TileImage>>);

impl SpareImages {
    /// An image of any contents.
    pub(super) fn take(&self) -> TileImage {
        self.0.lock().pop().unwrap_or_default()
    }

    /// Keeps images that nothing needs any more.
    pub(super) fn give_back(&self, images: impl IntoIterator<Item = TileImage>) {
        self.0.lock().extend(images);
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.lock().len()
    }
}
