//! Where a walk's tiles come from and where they go. Walks see tiles, never paths.

use crate::geometry::Tile;
use crate::text::Faults;
use crate::tile::CodecError;

/// Where stored tiles come from.
pub trait TileSource: Sync {
    /// What the source knows of a base tile besides its bytes, for the sink.
    type Receipt: Send;
    /// Why a tile cannot be read.
    type Error: Send;

    /// The user's name for a base tile, for messages.
    fn name(&self, tile: Tile) -> String;

    /// Reads a base tile of this version's own sources into `bytes`, which is emptied first.
    ///
    /// # Errors
    /// The tile cannot be read.
    fn read_patched(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<Self::Receipt, Self::Error>;

    /// Reads a tile of the previous version's tree into `bytes`, which is emptied first.
    ///
    /// # Errors
    /// The tile cannot be read.
    fn read_previous(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<(), Self::Error>;
}

/// Where generated tiles go, each exactly once.
pub trait TileSink: Sync {
    /// Why a tile cannot be stored.
    type Error: Send;

    /// Writes a generated tile that is new in this version.
    ///
    /// # Errors
    /// The tile cannot be written.
    fn write_generated(&self, tile: Tile, bytes: &[u8]) -> Result<(), Self::Error>;
}

/// Where all tiles of a version go that is built from a source folder, perhaps on top of a previous version.
///
/// Each tile arrives exactly once, except those below a tile that an earlier attempt has finished.
pub trait VersionSink: TileSink {
    /// What the source knows of a base tile.
    type Receipt: Send;

    /// What an earlier, interrupted attempt made of a tile and of everything it is made from, or `None` if it did not finish
    /// them.
    fn resumed(&self, tile: Tile) -> Option<Resumed>;

    /// Reads back a generated tile that is new in this version into `bytes`, which is emptied first.
    ///
    /// # Errors
    /// The tile cannot be read.
    fn read_generated(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<(), Self::Error>;

    /// Links a base tile of this version's sources into the tree.
    ///
    /// # Errors
    /// The tile cannot be linked.
    fn link_patched(&self, tile: Tile, receipt: Self::Receipt) -> Result<(), Self::Error>;

    /// Links the previous version's base tile, whose bytes equal those in this version's sources.
    ///
    /// # Errors
    /// The tile cannot be linked.
    fn link_unchanged(&self, tile: Tile, receipt: Self::Receipt) -> Result<(), Self::Error>;

    /// Links the previous version's tile, which has not changed.
    ///
    /// # Errors
    /// The tile cannot be linked.
    fn link_previous(&self, tile: Tile) -> Result<(), Self::Error>;
}

/// What an earlier attempt made of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resumed {
    /// A new tile of this version.
    New,
    /// A link to the previous version's tile.
    Linked,
}

/// Why a build ended early.
#[derive(Debug)]
pub enum BuildFailure<E> {
    /// Base tiles are invalid. Nothing was published.
    Faults(Faults),
    /// A stored tile of an earlier version cannot be decoded.
    Stored {
        /// Which tile.
        tile: Tile,
        /// What is wrong with it.
        error: CodecError,
    },
    /// A parent cannot be encoded.
    Encode {
        /// Which tile.
        tile: Tile,
        /// Why.
        error: CodecError,
    },
    /// The source or the sink failed.
    Store(E),
    /// The caller cancelled it.
    Cancelled,
}
