//! Files without weights and damaged files: error messages, and no crashes.

use std::path::Path;

use attractor::base::Error;
use attractor::base::error::FileError;
use attractor::io::{NamedTensors, safetensors, torch, weights};

use super::{message, reference};

type Parse = fn(&Path, &[u8]) -> attractor::base::Result<NamedTensors>;

const VALID_FILES: [(&str, Parse); 6] = [
    ("torch_gru1.pt", torch::parse),
    ("torch_kinds.pt", torch::parse),
    ("torch_checkpoint.pt", torch::parse),
    ("torch_protocol4.pt", torch::parse),
    ("flipflop_tanh_1.pt", torch::parse),
    ("torch_bidirectional.safetensors", safetensors::parse),
];

fn read_bytes(name: &str) -> Vec<u8> {
    std::fs::read(reference(name)).expect("a reference file")
}

/// A generator of pseudo-random integers.
fn random_integers(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    }
}

#[test]
fn the_error_of_a_pytorch_file_without_a_state_dict_names_its_content() {
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
        let err = message(weights::read(reference(name)).unwrap_err());
        assert!(err.contains("expected a PyTorch state dict"), "{err}");
        assert!(err.contains(text), "{err}");
        assert!(err.contains("torch.save(model.state_dict()"), "{err}");
    }
    let err = message(weights::read(reference("torch_complex.pt")).unwrap_err());
    let text = "entry `complex` has an unsupported type: torch.ComplexFloatStorage";
    assert!(err.contains(text), "{err}");
}

#[test]
fn the_error_of_an_unsupported_file_names_its_format() {
    let folder = tempfile::tempdir().unwrap();
    let cases: &[(&str, &[u8], &str)] = &[
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
    for (name, bytes, text) in cases {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let err = weights::read(&path).unwrap_err().to_string();
        assert!(err.contains(text), "{name}: {err}");
    }
    let err = weights::read(folder.path()).unwrap_err().to_string();
    assert!(err.contains("this is a folder"), "{err}");
    let err = weights::read(folder.path().join("absent.pt"))
        .unwrap_err()
        .to_string();
    assert!(err.contains("does not exist"), "{err}");
}

#[test]
fn a_truncated_file_is_reported_as_damaged() {
    let legacy: (&str, Parse) = ("torch_old.pt", torch::parse);
    for (name, parse) in VALID_FILES.into_iter().chain([legacy]) {
        let valid = read_bytes(name);
        for length in 0..valid.len() {
            let err = match parse(Path::new(name), &valid[..length]) {
                Err(Error::File { fact, .. }) => fact,
                result => panic!("{name} cut to {length} bytes: {result:?}"),
            };
            assert!(
                matches!(err, FileError::Damaged { .. } | FileError::Format { .. }),
                "{name} cut to {length} bytes: {err}"
            );
        }
    }
}

#[test]
fn flipped_bits_result_in_tensors_or_an_error() {
    for (name, parse) in VALID_FILES {
        let valid = read_bytes(name);
        let mut next_random = random_integers(7);
        let mut error_count = 0;
        for _ in 0..3000 {
            let mut damaged = valid.clone();
            for _ in 0..=next_random() % 3 {
                let offset = next_random() as usize % damaged.len();
                damaged[offset] ^= 1 << (next_random() % 8);
            }
            error_count += usize::from(parse(Path::new(name), &damaged).is_err());
        }
        assert!(
            error_count > 1000,
            "{name}: {error_count} of 3000 changes were detected"
        );
    }
}

/// The pickle is changed inside the archive, because the checksum of the record would reject most
/// changes of the file.
#[test]
fn changed_bytes_of_a_pickle_result_in_tensors_or_an_error() {
    let mut next_random = random_integers(11);
    for name in ["torch_gru1.pt", "torch_checkpoint.pt", "torch_protocol4.pt"] {
        let valid = unpack(&read_bytes(name));
        let mut error_count = 0;
        for _ in 0..3000 {
            let mut damaged = valid.clone();
            let pickle = &mut damaged
                .iter_mut()
                .find(|(name, _)| name.ends_with(".pkl"))
                .unwrap()
                .1;
            for _ in 0..=next_random() % 3 {
                let offset = next_random() as usize % pickle.len();
                pickle[offset] = next_random() as u8;
            }
            error_count += usize::from(torch::parse(Path::new(name), &pack(&damaged)).is_err());
        }
        assert!(
            error_count > 300,
            "{name}: {error_count} of 3000 changes were detected"
        );
    }
}

/// All pickle encodings of values that are not tensors.
#[test]
fn values_that_are_not_tensors_are_ignored() {
    let tensor = unpack(&read_bytes("torch_protocol3.pt"));
    let pickle = &tensor
        .iter()
        .find(|(name, _)| name.ends_with(".pkl"))
        .unwrap()
        .1;
    // The dictionary of tensors follows the protocol.
    let (prefix, rest) = pickle.split_at(2);
    assert_eq!(rest[0], b'}', "an empty dictionary");
    let values: [(&str, &[u8]); 10] = [
        ("2**80", b"\x8a\x0b\0\0\0\0\0\0\0\0\0\0\x01"),
        ("-2**70", b"\x8a\x09\0\0\0\0\0\0\0\0\xc0"),
        ("2**80 in text", b"L1208925819614629174706176L\n"),
        ("a boolean in text", b"I01\n"),
        ("a number in text", b"F1.5\n"),
        ("a text in quotes", b"S'a'\n"),
        ("a text in a line", b"Va\n"),
        ("an object (INST)", b"(iuuid\nUUID\n"),
        ("an object (OBJ)", b"(cuuid\nUUID\nK\x01o"),
        ("a class by its number", b"\x82\x07"),
    ];
    for (what, encoded) in values {
        // An additional dictionary, which the pickle then pops from the stack.
        let entry = [b"}X\x01\x00\x00\x00z", encoded, b"s0}"].concat();
        let changed = [prefix, &entry, &rest[1..]].concat();
        let mut records = tensor.clone();
        records
            .iter_mut()
            .find(|(name, _)| name.ends_with(".pkl"))
            .unwrap()
            .1 = changed;
        let tensors = torch::parse(Path::new("x"), &pack(&records));
        let tensors = tensors.unwrap_or_else(|err| panic!("{what}: {err}"));
        assert_eq!(tensors.len(), 1, "{what}");
    }
}

#[test]
fn a_malicious_pickle_is_an_error() {
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
            "a hundred thousand nested tuples",
            [vec![b')'; 1], vec![0x85; 100_000], b".".to_vec()].concat(),
        ),
        ("exponentially nested pairs", nested_pairs()),
        (
            "a dictionary that contains itself",
            b"}q\x00X\x01\x00\x00\x00ah\x00s.".to_vec(),
        ),
        ("a closing mark without an opening mark", b"t.".to_vec()),
    ];
    for (name, pickle) in cases {
        let records = pack(&[("x/data.pkl".into(), pickle)]);
        let err = torch::parse(Path::new("x.pt"), &records).unwrap_err();
        assert!(matches!(err, Error::File { .. }), "{name}: {err}");
    }
}

/// Sixty nested pairs, which represent 2^60 elements.
fn nested_pairs() -> Vec<u8> {
    let mut pickle = b")".to_vec();
    for _ in 0..60 {
        pickle.extend(b"2\x86");
    }
    pickle.push(b'.');
    pickle
}

#[test]
fn an_invalid_safetensors_header_is_an_error() {
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
        let err = safetensors::parse(Path::new("x"), bytes).unwrap_err();
        assert!(matches!(err, Error::File { .. }), "{at}: {err}");
    }
    let float8_header = header(r#"{"a":{"dtype":"F8_E4M3","shape":[0],"data_offsets":[0,0]}}"#);
    let err = safetensors::parse(Path::new("x"), &float8_header)
        .unwrap_err()
        .to_string();
    assert!(
        err.contains("entry `a` has an unsupported type: F8_E4M3"),
        "{err}"
    );
}

fn unpack(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(archive)).unwrap();
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

fn pack(records: &[(String, Vec<u8>)]) -> Vec<u8> {
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
