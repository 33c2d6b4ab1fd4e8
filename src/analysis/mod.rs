//! What trained networks are looked into with.

pub mod fixed_points;
pub mod pca;
pub mod tsne;
