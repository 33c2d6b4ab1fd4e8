//! MAT-files of versions 5 to 7.

use attractor::io::hdf5::{Content, ReadOptions};
use attractor::io::mat;

use super::{LIMIT, assert_outcomes, reference};
use crate::hdf5::format_tree;

fn read(name: &str, entry: &str) -> Content {
    let options = ReadOptions {
        max_bytes: LIMIT,
        filter: None,
    };
    mat::read(reference(name), entry, &options).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The matrix [[0, 1, 2], [3, 4, 100]], with its axes in reverse order.
const VALUES: &str = "[3, 2][0.0, 3.0, 1.0, 4.0, 2.0, 100.0]";

#[test]
fn every_class_of_matlab_is_read() {
    let numbers = |dtype: &str| format!("{dtype}{VALUES}");
    let imaginary = "F64[3, 2][0.0, 6.0, 2.0, 8.0, 4.0, 200.0]";
    let flags = "U8[3, 2][0.0, 1.0, 0.0, 1.0, 1.0, 1.0]";
    let zeros = "F64[3, 2][0.0, 0.0, 0.0, 0.0, 0.0, 0.0]";
    let table = [
        ("double", numbers("F64")),
        ("single", numbers("F32")),
        ("int8", numbers("I64")),
        ("uint8", numbers("U8")),
        ("int16", numbers("I64")),
        ("uint16", numbers("U32")),
        ("int32", numbers("I64")),
        ("uint32", numbers("U32")),
        ("int64", numbers("I64")),
        ("uint64", numbers("I64")),
        ("logical", flags.into()),
        (
            "complex",
            format!("{{im={imaginary} re={}}}", numbers("F64")),
        ),
        ("scalar", "F64[1, 1][2.5]".into()),
        ("text", "Text(\"größe\")".into()),
        ("rows", r#"["Text(\"abc\")", "Text(\"def\")"]"#.into()),
        ("none", "F64[3, 0][]".into()),
        ("no_text", "Text(\"\")".into()),
        (
            "grid",
            r#"["[\"Text(\\\"a\\\")\", \"Text(\\\"c\\\")\"]", "#.into(),
        ),
        ("run/name", "Text(\"x\")".into()),
        ("run/inner/n", numbers("I64")),
        ("runs/s", r#"["Text(\"a\")", "Text(\"b\")"]"#.into()),
        ("sparse", numbers("F64")),
        ("sparse_logical", flags.into()),
        (
            "sparse_complex",
            format!("{{im={} re={zeros}}}", numbers("F64")),
        ),
    ];
    for name in ["plain.mat", "compressed.mat"] {
        let content = read(name, "");
        assert!(content.unreadable.is_empty(), "{:?}", content.unreadable);
        for (key, expected) in &table {
            let actual = format_tree(content.tree.at(key).expect(key));
            assert!(
                actual.starts_with(expected),
                "{name} {key}: {actual}, not {expected}"
            );
            let one = format_tree(&read(name, key).tree);
            assert_eq!(one, actual, "{name} {key}");
        }
        let cells = format_tree(content.tree.at("cells").expect("cells"));
        let expected = format!(r#"["F64[1, 1][1.5]", "Text(\"text\")", "I64{VALUES}"]"#);
        assert_eq!(cells, expected);
        let cube = content.tree.tensor("cube").expect("a cube");
        assert_eq!(cube.dims(), [4, 3, 2]);
        let cube = cube.to_vec3::<f64>().expect("values");
        assert_eq!(
            (cube[0][0][1], cube[3][1][0], cube[1][2][1]),
            (12.0, 7.0, 21.0)
        );
    }
}

#[test]
fn big_endian_files_are_read() {
    let content = read("big_endian.mat", "");
    let expected = format!("{{s=Text(\"größe\") x=F64{VALUES}}}");
    assert_eq!(format_tree(&content.tree), expected);
}

#[test]
fn mat_read_takes_all_versions_in_both_languages() {
    let out = tempfile::tempdir().expect("a folder");
    for name in ["plain.mat", "version4.mat"] {
        std::fs::copy(reference(name), out.path().join(name)).expect("a copy");
    }
    let path = out.path().display().to_string();
    let rows = [
        (
            r#"h5::write("new.mat", #{ x: [[1.0, 2.0]] })"#.to_string(),
            "nil".to_string(),
        ),
        (
            r#"mat::read("new.mat").x"#.into(),
            "tensor [1, 2] f64 [[1, 2]]".into(),
        ),
        (r#"mat::read("plain.mat").run.name"#.into(), "\"x\"".into()),
        (
            r#"mat::read("plain.mat", "run/rate").item()"#.into(),
            "3.0".into(),
        ),
        (
            r#"mat::read("plain.mat", "txt")"#.into(),
            format!("{path}/plain.mat: expected an entry `txt`, found double, single..."),
        ),
        (
            r#"mat::read("version4.mat")"#.into(),
            format!("{path}/version4.mat: expected a MAT-file of version 5, 6, 7 or 7.3, found..."),
        ),
    ];
    let rows: Vec<(&str, &str)> = rows
        .iter()
        .map(|(text, value)| (&**text, &**value))
        .collect();
    assert_outcomes(&rows, out.path());
}
