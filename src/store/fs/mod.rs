//! Single files and folders: reading, writing, linking, renaming, deleting and flushing. Errors carry their paths.

mod dir;
mod early_flush;
mod flush;
mod read;
mod remove;
mod rename;
mod stamp;
mod write;

pub(crate) use dir::Dir;
pub(crate) use early_flush::EarlyFlush;
pub use flush::Durability;
pub(crate) use flush::{flush_file_system, flush_folder};
pub(crate) use read::{open_own_file, read_file, read_file_into, read_own_file};
pub(crate) use remove::{remove_empty_folder, remove_file, remove_tree};
pub(crate) use rename::{rename, rename_new, swap_folders};
pub(crate) use stamp::InodeMark;
pub use stamp::{FileStamp, FileStat};
pub(crate) use write::{create_folder, create_own_file, replace_file, replace_file_via};
