//! Analysis of trained networks: fixed points, principal components and t-SNE.

pub mod fixed_points;
pub mod pca;
pub mod tsne;
