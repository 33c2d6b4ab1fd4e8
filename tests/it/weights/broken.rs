//! Files that hold no weights, or no longer: each way is named, and none does harm.

use std::path::Path;

use attractor::base::Error;
use attractor::base::error::FileError;
use attractor::io::{NamedTensors, safetensors, torch, weights};

use super::{message, reference};

type Parse = fn(&Path, &[u8]) -> attractor::base::Result<NamedTensors>;

const READABLE: [(&str, Parse); 6] = [
    ("torch_gru1.pt", torch::parse),
    ("torch_kinds.pt", torch::parse),
    ("torch_checkpoint.pt", torch::parse),
    ("torch_protocol4.pt", torch::parse),
    ("flipflop_tanh_1.pt", torch::parse),
    ("torch_bidirectional.safetensors", safetensors::parse),
];

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(reference(name)).expect("a reference file")
}

/// Numbers that look random, from a seed.
fn numbers(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    }
}

#[test]
fn what_pytorch_can_save_beside_a_state_dict_is_told_apart() {
    let expected = [
        (
            "torch_whole.pt",
            "found a pickled object of class `torch.nn.modules.linear.Linear`",
        ),
        ("torch_program.pt", "found a program (TorchScript)"),
        (
            "torch_empty.pt",
            "found a dictionary without tensors (epoch, note)",
        ),
        ("torch_single.pt", "found a single tensor"),
    ];
    for (name, text) in expected {
        let fault = message(weights::read(reference(name)).unwrap_err());
        assert!(fault.contains("expected a PyTorch state dict"), "{fault}");
        assert!(fault.contains(text), "{fault}");
        assert!(fault.contains("torch.save(model.state_dict()"), "{fault}");
    }
    let fault = message(weights::read(reference("torch_complex.pt")).unwrap_err());
    let text = "entry `complex` has an unsupported type: torch.ComplexFloatStorage";
    assert!(fault.contains(text), "{fault}");
}

#[test]
fn other_files_are_told_by_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let other: &[(&str, &[u8], &str)] = &[
        ("a.pt", b"", "expected a PyTorch file, found an empty file"),
        ("a.pt", b"weights", "expected a PyTorch file, found text"),
        (
            "a.pth",
            b"\x80\x04\x95",
            "expected a PyTorch file, found a Python pickle",
        ),
        ("a.pt", b"PK\x03\x04rest", "damaged or truncated"),
        (
            "a.safetensors",
            b"x",
            "expected a safetensors file, found text",
        ),
        ("a.h5", b"x", "expected an HDF5 file, found text"),
        (
            "a.bin",
            b"x",
            "expected weights of a network (.pt, .safetensors or .h5), found text",
        ),
        ("none", b"\x93NUMPY", "found a NumPy array"),
    ];
    for (name, bytes, text) in other {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let fault = weights::read(&path).unwrap_err().to_string();
        assert!(fault.contains(text), "{name}: {fault}");
    }
    let fault = weights::read(folder.path()).unwrap_err().to_string();
    assert!(fault.contains("this is a folder"), "{fault}");
    let fault = weights::read(folder.path().join("absent.pt"))
        .unwrap_err()
        .to_string();
    assert!(fault.contains("does not exist"), "{fault}");
}

#[test]
fn a_file_cut_short_anywhere_is_damaged() {
    let old: (&str, Parse) = ("torch_old.pt", torch::parse);
    for (name, parse) in READABLE.into_iter().chain([old]) {
        let good = bytes(name);
        for length in 0..good.len() {
            let fault = match parse(Path::new(name), &good[..length]) {
                Err(Error::File { fact, .. }) => fact,
                other => panic!("{name} cut to {length} bytes: {other:?}"),
            };
            assert!(
                matches!(fault, FileError::Damaged { .. } | FileError::Format { .. }),
                "{name} cut to {length} bytes: {fault}"
            );
        }
    }
}

#[test]
fn flipped_bytes_end_in_tensors_or_a_fault() {
    for (name, parse) in READABLE {
        let good = bytes(name);
        let mut next = numbers(7);
        let mut faults = 0;
        for _ in 0..3000 {
            let mut bad = good.clone();
            for _ in 0..=next() % 3 {
                let place = next() as usize % bad.len();
                bad[place] ^= 1 << (next() % 8);
            }
            faults += usize::from(parse(Path::new(name), &bad).is_err());
        }
        assert!(faults > 1000, "{name}: {faults} of 3000 were noticed");
    }
}

/// The checksum of a record would hide most of what a pickle can do to its reader.
#[test]
fn a_flipped_pickle_ends_in_tensors_or_a_fault() {
    let mut next = numbers(11);
    for name in ["torch_gru1.pt", "torch_checkpoint.pt", "torch_protocol4.pt"] {
        let good = unpacked(&bytes(name));
        let mut faults = 0;
        for _ in 0..3000 {
            let mut bad = good.clone();
            let pickle = &mut bad
                .iter_mut()
                .find(|(name, _)| name.ends_with(".pkl"))
                .unwrap()
                .1;
            for _ in 0..=next() % 3 {
                let place = next() as usize % pickle.len();
                pickle[place] = next() as u8;
            }
            faults += usize::from(torch::parse(Path::new(name), &packed(&bad)).is_err());
        }
        assert!(faults > 300, "{name}: {faults} of 3000 were noticed");
    }
}

/// Every way in which Python writes values that no network needs.
#[test]
fn values_that_no_network_needs_are_passed_over() {
    let tensor = unpacked(&bytes("torch_protocol3.pt"));
    let pickle = &tensor
        .iter()
        .find(|(name, _)| name.ends_with(".pkl"))
        .unwrap()
        .1;
    // Behind the protocol stands the dictionary of tensors.
    let (head, rest) = pickle.split_at(2);
    assert_eq!(rest[0], b'}', "an empty dictionary");
    let values: [(&str, &[u8]); 10] = [
        ("2**80", b"\x8a\x0b\0\0\0\0\0\0\0\0\0\0\x01"),
        ("-2**70", b"\x8a\x09\0\0\0\0\0\0\0\0\xc0"),
        ("2**80 in text", b"L1208925819614629174706176L\n"),
        ("a truth value in text", b"I01\n"),
        ("a number in text", b"F1.5\n"),
        ("a text in quotes", b"S'a'\n"),
        ("a text in a line", b"Va\n"),
        ("an object (INST)", b"(iuuid\nUUID\n"),
        ("an object (OBJ)", b"(cuuid\nUUID\nK\x01o"),
        ("a class by its number", b"\x82\x07"),
    ];
    for (what, value) in values {
        // A dictionary of its own, which is dropped again.
        let entry = [b"}X\x01\x00\x00\x00z", value, b"s0}"].concat();
        let changed = [head, &entry, &rest[1..]].concat();
        let mut file = tensor.clone();
        file.iter_mut()
            .find(|(name, _)| name.ends_with(".pkl"))
            .unwrap()
            .1 = changed;
        let named = torch::parse(Path::new("x"), &packed(&file));
        let named = named.unwrap_or_else(|fault| panic!("{what}: {fault}"));
        assert_eq!(named.len(), 1, "{what}");
    }
}

#[test]
fn a_pickle_that_promises_more_than_there_is_does_no_harm() {
    let cases: [(&str, Vec<u8>); 7] = [
        ("a text of 4 GB", b"\x80\x02X\xff\xff\xff\xffabc.".to_vec()),
        (
            "a text of 2^63 bytes",
            b"\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\x7fabc.".to_vec(),
        ),
        (
            "a number of 2 GB",
            b"\x80\x02\x8b\xff\xff\xff\x7f.".to_vec(),
        ),
        (
            "a hundred thousand tuples in each other",
            [vec![b')'; 1], vec![0x85; 100_000], b".".to_vec()].concat(),
        ),
        ("a billion laughs", laughs()),
        (
            "a dictionary in itself",
            b"}q\x00X\x01\x00\x00\x00ah\x00s.".to_vec(),
        ),
        ("a bracket that is not open", b"t.".to_vec()),
    ];
    for (name, pickle) in cases {
        let file = packed(&[("x/data.pkl".into(), pickle)]);
        let fault = torch::parse(Path::new("x.pt"), &file).unwrap_err();
        assert!(matches!(fault, Error::File { .. }), "{name}: {fault}");
    }
}

/// A tuple of two, each of which is a tuple of two, sixty times.
fn laughs() -> Vec<u8> {
    let mut pickle = b")".to_vec();
    for _ in 0..60 {
        pickle.extend(b"2\x86");
    }
    pickle.push(b'.');
    pickle
}

#[test]
fn a_header_of_safetensors_that_lies_is_a_fault() {
    let header = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let cases = [
        header(r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#),
        header(r#"{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}"#),
        header(r#"{"a":{"dtype":"F32","shape":[18446744073709551615,9],"data_offsets":[0,0]}}"#),
        header(r#"{"a":{"dtype":"F9","shape":[0],"data_offsets":[0,0]}}"#),
        header(r#"{"a":"#),
        [&u64::MAX.to_le_bytes()[..], b"{}"].concat(),
        [&99_000_000u64.to_le_bytes()[..], b"{}"].concat(),
    ];
    for (at, bytes) in cases.iter().enumerate() {
        let fault = safetensors::parse(Path::new("x"), bytes).unwrap_err();
        assert!(matches!(fault, Error::File { .. }), "{at}: {fault}");
    }
    let eight = header(r#"{"a":{"dtype":"F8_E4M3","shape":[0],"data_offsets":[0,0]}}"#);
    let fault = safetensors::parse(Path::new("x"), &eight)
        .unwrap_err()
        .to_string();
    assert!(
        fault.contains("entry `a` has an unsupported type: F8_E4M3"),
        "{fault}"
    );
}

fn unpacked(file: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(file)).unwrap();
    let names: Vec<String> = zip
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect();
    let record = |name: String| {
        let mut bytes = Vec::new();
        std::io::copy(&mut zip.by_name(&name).unwrap(), &mut bytes).unwrap();
        (name, bytes)
    };
    names.into_iter().map(record).collect()
}

fn packed(records: &[(String, Vec<u8>)]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in records {
        zip.start_file(name.as_str(), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
