//! All calls that read or write a file.

/// The extensions of the files that [`WRITERS`] write.
pub const EXTENSIONS: [&str; 13] = [
    "h5",
    "json",
    "txt",
    "safetensors",
    "png",
    "svg",
    "html",
    "gif",
    "npy",
    "npz",
    "csv",
    "log",
    "dir",
];

/// Calls that read a file.
pub const READERS: [&str; 22] = [
    "file::read(\"PATH\")",
    "json::read(\"PATH\")",
    "h5::read(\"PATH\")",
    "h5::read(\"PATH\", \"x\")",
    "h5::rows(\"PATH\", \"x\", 0, 1)",
    "h5::list(\"PATH\")",
    "h5::attributes(\"PATH\")",
    "rnn::load(\"PATH\")",
    "force::load(\"PATH\")",
    "lfads::load(\"PATH\")",
    "fixed_points::load(\"PATH\")",
    "plot::load(\"PATH\")",
    "show::file(\"PATH\")",
    "npy::read(\"PATH\")",
    "npz::read(\"PATH\")",
    "mat::read(\"PATH\")",
    "csv::read(\"PATH\")",
    "csv::header(\"PATH\")",
    "file::exists(\"PATH\")",
    "file::list(\"PATH\")",
    "file::format(\"PATH\")",
    "tasks::dataset(\"PATH\", #{ inputs: \"x\", targets: \"x\" })",
];

/// Calls that write a file, and the extension of the file.
pub const WRITERS: [(&str, &str); 21] = [
    ("file::write(\"PATH\", \"text\")", "txt"),
    ("json::write(\"PATH\", 1)", "json"),
    ("npy::write(\"PATH\", [1, 2])", "npy"),
    ("npz::write(\"PATH\", #{ x: 1 })", "npz"),
    ("csv::write(\"PATH\", [1, 2])", "csv"),
    ("file::append(\"PATH\", \"text\")", "log"),
    ("file::mkdir(\"PATH\")", "dir"),
    ("h5::write(\"PATH\", #{ x: 1 })", "h5"),
    ("rnn::vanilla(#{ units: 2 }).save(\"PATH\")", "h5"),
    (
        "rnn::vanilla(#{ units: 2 }).save(\"PATH\", #{ first_states: \"drop\" })",
        "safetensors",
    ),
    ("force::network(#{ units: 5 }).save(\"PATH\")", "h5"),
    (
        "lfads::model(#{ channels: 2, factors: 1 }).save(\"PATH\")",
        "h5",
    ),
    (
        "fixed_points::find(rnn::vanilla(#{ units: 2 }), #{ candidates: zeros([1, 2]) })\
         .save(\"PATH\")",
        "h5",
    ),
    ("plot::lines([1, 2]).save(\"PATH\")", "png"),
    ("plot::lines([1, 2]).save(\"PATH\")", "svg"),
    ("plot::lines([1, 2]).save(\"PATH\")", "h5"),
    ("scene::points([[0, 0, 0]]).save(\"PATH\")", "html"),
    (
        "scene::points([[0, 0, 0]]).save(\"PATH\", #{ frames: 2 })",
        "gif",
    ),
    (
        "view(scene::points([[0, 0, 0]]), #{ name: \"PATH\" })",
        "png",
    ),
    (
        "view(scene::points([[0, 0, 0]]), #{ picture: \"PATH\" })",
        "png",
    ),
    (
        "train(rnn::vanilla(#{ units: 2 }), tasks::integrator(), \
         #{ batches: 1, checkpoint: \"PATH\" })",
        "h5",
    ),
];
