//! A FORCE network after a round trip through a file, and its comparison with another one.

use std::path::Path;

use attractor::io::hdf5;
use attractor::models::force::Network;
use attractor::ops::Lanes;

/// The network after a round trip through a file in `folder`.
pub fn reload<T: Lanes>(network: &Network<T>, folder: &Path) -> Network<T> {
    let path = folder.join("net.h5");
    let (tree, metadata) = network.to_tree().expect("a tree");
    let options = hdf5::WriteOptions {
        compress: 0,
        attributes: hdf5::Attributes::of_file(metadata),
    };
    hdf5::write(&path, &tree, &options).expect("a file");
    let content = hdf5::read_with_attributes(&path).expect("a file");
    Network::from_content(&path, &content).expect("a network")
}

/// Name of the first component in which the networks differ.
pub fn difference<T: Lanes>(a: &Network<T>, b: &Network<T>) -> Option<&'static str> {
    let components = [
        ("the state", a.state == b.state),
        ("the weights", a.weights == b.weights),
        ("P", a.inverse == b.inverse),
        ("the pending updates of wR", a.recurrence == b.recurrence),
    ];
    components
        .into_iter()
        .find(|component| !component.1)
        .map(|component| component.0)
}
