//! How a parent is made from its children. Every walk makes parents this way and no other.

use crate::geometry::{Geometry, Tile};
use crate::sync::Mutex;
use crate::tile::{Codec, CodecError, Parts, Scratch, TileImage};

/// Buffers that a thread reuses from tile to tile.
#[derive(Debug, Default)]
pub struct Buffers {
    /// The file of the tile being made or read.
    pub bytes: Vec<u8>,
    /// The file that is already stored in the tile's place.
    pub stored: Vec<u8>,
    /// Working memory of the codec.
    pub scratch: Scratch,
}

/// Makes the parents of one pyramid, and decodes its tiles. Shared by all threads.
#[derive(Debug)]
pub struct Parents {
    geometry: Geometry,
    codec: Codec,
    spare: Mutex<Vec<TileImage>>,
}

impl Parents {
    /// Makes parents for a pyramid of this shape.
    #[must_use]
    pub fn new(geometry: &Geometry, codec: Codec) -> Self {
        Self { geometry: *geometry, codec, spare: Mutex::default() }
    }

    /// The shape of the pyramid.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Makes `tile` from its children, in the order top left, top right, bottom left, bottom right.
    ///
    /// Returns the tile as reading it back would give it, and puts its file into `buffers.bytes`. The children's images
    /// are reused for later tiles.
    ///
    /// # Errors
    /// The tile cannot be encoded.
    pub fn make(
        &self,
        tile: Tile,
        children: [Option<TileImage>; 4],
        buffers: &mut Buffers,
    ) -> Result<TileImage, CodecError> {
        let image = self.make_of(tile, &Parts::of_children(children.each_ref().map(Option::as_ref)), buffers)?;
        self.recycle(children.into_iter().flatten());
        Ok(image)
    }

    /// Makes `tile` of parts of others.
    ///
    /// Returns the tile as reading it back would give it, and puts its file into `buffers.bytes`.
    ///
    /// # Errors
    /// The tile cannot be encoded.
    pub fn make_of(
        &self,
        tile: Tile,
        parts: &Parts<'_, TileImage>,
        buffers: &mut Buffers,
    ) -> Result<TileImage, CodecError> {
        let mut image = self.spare_image();
        buffers.bytes.clear();
        let shape = self.geometry.tile_shape(tile);
        self.codec.parent_into(parts, shape, &mut buffers.scratch, &mut image, &mut buffers.bytes)?;
        Ok(image)
    }

    /// Decodes `bytes`, the file of `tile`.
    ///
    /// # Errors
    /// The tile is not what its place in the grid asks for, or is damaged.
    pub fn decode(&self, tile: Tile, bytes: &[u8], scratch: &mut Scratch) -> Result<TileImage, CodecError> {
        let mut image = self.spare_image();
        // Plain tiles are joined, not halved.
        let is_joined = tile.level > self.geometry.base_level();
        let codec = if is_joined { self.codec.without_parents() } else { self.codec };
        codec.decode_into(bytes, self.geometry.tile_shape(tile), scratch, &mut image)?;
        Ok(image)
    }

    /// An image with arbitrary contents, to be overwritten.
    #[must_use]
    pub fn spare_image(&self) -> TileImage {
        self.spare.lock().pop().unwrap_or_default()
    }

    /// Keeps images that are no longer needed, so that none is allocated per tile. There are never more than were in use
    /// at once.
    pub fn recycle(&self, images: impl IntoIterator<Item = TileImage>) {
        self.spare.lock().extend(images);
    }

    /// Number of spare images.
    #[cfg(test)]
    pub(super) fn spare_count(&self) -> usize {
        self.spare.lock().len()
    }
}

/// Visits up to four children in parallel. Results come in the children's order; of several errors, the first in that
/// order.
///
/// # Errors
/// As `visit`.
pub fn visit_children<T: Send, E: Send>(
    [a, b, c, d]: [Option<Tile>; 4],
    visit: impl Fn(Tile) -> Result<T, E> + Sync,
) -> Result<[Option<T>; 4], E> {
    let visit = |child: Option<Tile>| child.map(&visit).transpose();
    let ((a, b), (c, d)) =
        rayon::join(|| rayon::join(|| visit(a), || visit(b)), || rayon::join(|| visit(c), || visit(d)));
    Ok([a?, b?, c?, d?])
}
