//! Whatever happened before, the trees are the same; also compared with an independent builder.

mod builds;
mod cuts;
mod hostile;
mod oracle;
mod overlap;
mod reference;
mod resume;
mod together;
mod tree_rules;
mod vacuums;
