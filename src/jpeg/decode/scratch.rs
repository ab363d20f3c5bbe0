//! Buffers and tables of a decoder.

use std::sync::Arc;

use super::table_slot::TableSlot;
use crate::jpeg::tables::HuffmanClass;

/// Buffers and tables that are reused from image to image, so that nothing is allocated per image.
pub struct DecodeScratch {
    pub(super) dc: Vec<TableSlot>,
    pub(super) ac: Vec<TableSlot>,
    /// The entropy-coded segment without byte stuffing.
    pub(super) segment: Vec<u8>,
    pub(super) last_icc: Option<Arc<[u8]>>,
}

impl Default for DecodeScratch {
    fn default() -> Self {
        let slots = |class| (0..4).map(|_| TableSlot::new(class)).collect();
        Self { dc: slots(HuffmanClass::Dc), ac: slots(HuffmanClass::Ac), segment: Vec::new(), last_icc: None }
    }
}
