//! Damaged files: every reader is called with copies of valid files in which bytes were changed,
//! removed, repeated or moved.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use attractor::api::context::Language;
use fastrand::Rng;

use crate::calls::{attempt, prelude};
use crate::child::Batch;

/// Larger seed files slow down the run without adding new structures.
const MAX_SEED_BYTES: u64 = 300_000;

/// A script that writes each kind of file; the files are the seeds of the mutations.
const WRITER: &str = r#"
net.save("net.h5"); gru.save("gru.h5"); net.save("net.safetensors", #{ first_states: "drop" });
student.save("student.h5"); model.save("model.h5"); points.save("points.h5");
picture.save("picture.h5"); space.save("space.h5");
json::write("graph.json", graph);
npy::write("array.npy", f32s); npz::write("small.npz", #{ a: integers, b: "text" });
npz::write("deflated.npz", #{ a: f32s }, #{ compress: true });
csv::write("table.csv", #{ a: [1.5, 2], b: ["x", "y"] });
h5::write("nested.h5", #{ a: f32s, b: #{ c: integers, d: "text", e: [1, 2.5, "x"] } });
train(net, batches, #{ batches: 3, batch_size: 2, checkpoint: "run.h5", checkpoint_every: 1 });
"#;

/// Valid files and the generator of damaged copies.
pub struct Mutator {
    seeds: Vec<(String, Vec<u8>)>,
    rng: Rng,
}

impl Mutator {
    /// Reads the seed files: those in `references` and those that a script writes into `folder`.
    pub fn new(
        seed: u64,
        references: &Path,
        program: &Path,
        folder: &Path,
    ) -> Result<Mutator, String> {
        let seed_folder = folder.join("seeds");
        fs::create_dir_all(&seed_folder).map_err(|error| error.to_string())?;
        write_seeds(program, &seed_folder)?;
        let mut seeds = Vec::new();
        for directory in [references, seed_folder.as_path()] {
            collect_files(directory, &mut seeds)?;
        }
        seeds.sort();
        Ok(Mutator {
            seeds,
            rng: Rng::with_seed(seed),
        })
    }

    /// `count` damaged files in `folder` and a script that tries every reader on each.
    pub fn batch(&mut self, count: usize, folder: &Path) -> Result<Batch, String> {
        let mut items = Vec::new();
        for index in 0..count {
            let seed = self.rng.usize(0..self.seeds.len());
            let (extension, bytes) = &self.seeds[seed];
            let mut bytes = bytes.clone();
            for _ in 0..self.rng.usize(1..4) {
                mutate(&mut bytes, &mut self.rng);
            }
            let name = format!("damaged-{index}.{extension}");
            fs::write(folder.join(&name), bytes).map_err(|error| error.to_string())?;
            let calls = readers(&name, extension);
            let attempts = calls.iter().map(|call| attempt(call, Language::Rhai));
            items.push(attempts.collect::<Vec<_>>().join(" "));
        }
        Ok(Batch {
            language: Language::Rhai,
            prelude: prelude(Language::Rhai),
            items,
        })
    }
}

fn write_seeds(program: &Path, folder: &Path) -> Result<(), String> {
    let script = folder.join("writer.rhai");
    let text = prelude(Language::Rhai) + WRITER;
    fs::write(&script, text).map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.arg("run").arg(&script).arg("--out").arg(folder);
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn collect_files(folder: &Path, seeds: &mut Vec<(String, Vec<u8>)>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| error.to_string())?;
    let paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    for path in paths {
        if path.is_dir() {
            collect_files(&path, seeds)?;
            continue;
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let size = fs::metadata(&path).map(|file| file.len()).unwrap_or(0);
        let extensions = [
            "h5",
            "pt",
            "ckpt",
            "safetensors",
            "json",
            "mat",
            "nwb",
            "npy",
            "npz",
            "csv",
        ];
        if extensions.contains(&extension.as_ref()) && size <= MAX_SEED_BYTES {
            let bytes = fs::read(&path).map_err(|error| error.to_string())?;
            seeds.push((extension.into_owned(), bytes));
        }
    }
    Ok(())
}

/// The calls that read a file of this kind.
fn readers(name: &str, extension: &str) -> Vec<String> {
    let calls: &[&str] = match extension {
        "json" => &["json::read(FILE)", "file::read(FILE)"],
        "npy" => &["text_of(npy::read(FILE)).len()", "show::file(FILE)"],
        "npz" => &["text_of(npz::read(FILE)).len()", "npz::read(FILE, \"a\")"],
        "csv" => &[
            "text_of(csv::read(FILE)).len()",
            "csv::read(FILE, #{ tensor: true })",
        ],
        "mat" => &[
            "text_of(mat::read(FILE)).len()",
            "mat::read(FILE, \"x\")",
            "h5::list(FILE)",
        ],
        "pt" | "ckpt" | "safetensors" => {
            &["rnn::load(FILE)", "rnn::load(FILE, #{ prefix: \"rnn\" })"]
        }
        _ => &[
            "h5::list(FILE)",
            "text_of(h5::read(FILE)).len()",
            "h5::attributes(FILE)",
            "rnn::load(FILE).run(f32s)",
            "force::load(FILE).run(f32s)",
            "lfads::load(FILE).generate(1)",
            "text_of(fixed_points::load(FILE))",
            "plot::load(FILE).save(\"picture.svg\")",
            "tasks::dataset(FILE)",
            "h5::rows(FILE, \"inputs\", 0, 1)",
            "train(net.copy(), batches, #{ batches: 4, batch_size: 2, checkpoint: FILE })",
        ],
    };
    let file = format!("\"{name}\"");
    let calls = calls.iter();
    calls.map(|call| call.replace("FILE", &file)).collect()
}

/// Values that make sizes and offsets overflow.
const WORDS: [u64; 8] = [0, 1, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, u64::MAX];

fn mutate(bytes: &mut Vec<u8>, rng: &mut Rng) {
    if bytes.is_empty() {
        bytes.push(rng.u8(..));
        return;
    }
    let at = position(bytes.len(), rng);
    let length = rng.usize(1..=64).min(bytes.len() - at);
    match rng.u8(0..12) {
        0..4 => bytes[at] = rng.u8(..),
        4 | 5 => bytes[at] ^= 1 << rng.u8(0..8),
        6 => bytes.truncate(at),
        7 => bytes[at..at + length].fill(0),
        8 => drop(bytes.drain(at..at + length)),
        9 => {
            let part = bytes[at..at + length].to_vec();
            bytes.splice(at..at, part);
        }
        10 => {
            let other = position(bytes.len() - length + 1, rng);
            bytes.copy_within(at..at + length, other);
        }
        _ => {
            let word = WORDS[rng.usize(0..WORDS.len())].to_le_bytes();
            let width = [2, 4, 8][rng.usize(0..3)].min(bytes.len() - at);
            bytes[at..at + width].copy_from_slice(&word[..width]);
        }
    }
}

/// A position; half of them near the beginning, where the headers are.
fn position(length: usize, rng: &mut Rng) -> usize {
    const HEADERS: usize = 4096;
    let limit = if rng.bool() {
        length.min(HEADERS)
    } else {
        length
    };
    rng.usize(0..limit)
}
