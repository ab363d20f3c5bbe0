//! The images of a TIFF, of which the largest is used.

use super::directory::{Directory, Tag, TiffFile, missing};
use super::tags;
use crate::input::PictureError;
use std::collections::HashSet;

/// The most images of a file that are examined.
const MAX_IMAGES: usize = 4096;
/// The most ignored images that a warning names.
const MAX_NAMED: usize = 8;

/// The size of an image in pixels, as its directory declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeclaredSize {
    /// An image.
    Image {
        /// Width in pixels.
        width: u64,
        /// Height in pixels.
        height: u64,
    },
    /// A transparency mask, which is used only if there is no image.
    Mask,
}

impl DeclaredSize {
    fn pixels(self) -> u128 {
        match self {
            Self::Image { width, height } => u128::from(width) * u128::from(height),
            Self::Mask => 0,
        }
    }
}

/// One image of a TIFF.
pub(super) struct FoundImage {
    pub(super) directory: Directory,
    pub(super) size: DeclaredSize,
}

/// Finds the image with the most pixels, the first among equals. A warning names the others.
///
/// # Errors
/// The file contains no image that can be read.
pub(super) fn largest_image(
    file: &TiffFile,
    first: u64,
    warnings: &mut Vec<String>,
) -> Result<FoundImage, PictureError> {
    let mut seen = HashSet::new();
    let mut best: Option<FoundImage> = None;
    let (mut sizes, mut best_index) = (Vec::new(), 0);
    let (mut offset, mut problem) = (first, None);
    while offset != 0 {
        let found = match check_chain(&mut seen, offset).and_then(|()| read_image(file, offset)) {
            Ok(found) => found,
            Err(error) => {
                problem = Some(error);
                break;
            }
        };
        offset = found.directory.next;
        sizes.push(found.size);
        if best.as_ref().is_none_or(|best| best.size.pixels() < found.size.pixels()) {
            (best, best_index) = (Some(found), sizes.len() - 1);
        }
    }
    let Some(best) = best else {
        return Err(problem.unwrap_or_else(|| PictureError::Damaged("the file contains no image".into())));
    };
    if sizes.len() > 1 {
        warnings.push(ignored_images(&sizes, best_index));
    }
    if let Some(problem) = problem {
        warnings.push(format!("images after number {} cannot be read: {problem}", sizes.len()));
    }
    Ok(best)
}

/// Adds a directory's offset to those seen, and refuses a chain of directories that is circular or too long.
fn check_chain(seen: &mut HashSet<u64>, offset: u64) -> Result<(), PictureError> {
    let is_new = seen.insert(offset);
    if seen.len() > MAX_IMAGES {
        return Err(PictureError::Damaged("the chain of directories is too long".into()));
    }
    if !is_new {
        return Err(PictureError::Damaged("the chain of directories is circular".into()));
    }
    Ok(())
}

fn read_image(file: &TiffFile, offset: u64) -> Result<FoundImage, PictureError> {
    let directory = file.directory(offset)?;
    let number = |tag: Tag| directory.first_number(file, tag);
    let is_mask = number(tags::NEW_SUBFILE_TYPE)?.unwrap_or(0) & 4 != 0;
    let side = |tag: Tag| number(tag)?.ok_or_else(|| missing(tag));
    let (width, height) = (side(tags::IMAGE_WIDTH)?, side(tags::IMAGE_LENGTH)?);
    let size = if is_mask { DeclaredSize::Mask } else { DeclaredSize::Image { width, height } };
    Ok(FoundImage { directory, size })
}

/// The warning for ignored images, named by their number in the file, from 1 on, and their size.
fn ignored_images(sizes: &[DeclaredSize], used: usize) -> String {
    let named = |(index, size): (usize, &DeclaredSize)| match size {
        DeclaredSize::Mask => format!("{} (mask)", index + 1),
        DeclaredSize::Image { width, height } => format!("{} ({width}x{height})", index + 1),
    };
    let others = sizes.iter().enumerate().filter(|(index, _)| *index != used);
    let mut others: Vec<String> = others.map(named).take(MAX_NAMED + 1).collect();
    if others.len() > MAX_NAMED {
        others[MAX_NAMED] = "...".into();
    }
    format!(
        "the file contains {} images: only the largest is used, number {}; ignored: {}",
        sizes.len(),
        named((used, &sizes[used])),
        others.join(", ")
    )
}
