//! Names, enumerations and rows of HDF5 files, as scripts see them. `h5py_names.h5` was made by
//! `hdf5_links.py`.

use attractor::api::context::Language;

use super::reference;
use crate::session::{Run, run};

/// Runs a Rhai script in which PATH is a reference file; the printed text and the error message.
fn print(file: &str, text: &str) -> (String, String) {
    let path = reference(file).display().to_string();
    let Run { outcome, printed } = run(&text.replace("PATH", &path), Language::Rhai);
    let error = outcome.err().map_or(String::new(), |error| {
        format!("{error}; {}", error.hint.clone().unwrap_or_default())
    });
    (printed, error)
}

#[test]
fn names_that_are_not_utf8_are_read_with_escapes() {
    let rows = [
        (
            r#"h5::read("PATH")["gr\\xf6\\xdfe"].to_list()"#,
            "[0, 1, 2, 3]",
        ),
        (
            r#"h5::read("PATH", "gr\\xf6\\xdfe").to_list()"#,
            "[0, 1, 2, 3]",
        ),
        (r#"h5::read("PATH", "\\xe9/inner")"#, "1"),
        (
            r#"h5::rows("PATH", "gr\\xf6\\xdfe", 1, 3).to_list()"#,
            "[1, 2]",
        ),
        (r#"h5::read("PATH")["back\\xslash"]"#, "2"),
        (r#"h5::attributes("PATH", "ok")["\\xb5V"]"#, "5"),
        (r#"h5::read("PATH").latin["\\xb5"].to_list()"#, "[7, 8]"),
        (
            r#"h5::list("PATH").map(|e| e.path).contains("gr\\xf6\\xdfe")"#,
            "true",
        ),
    ];
    for (text, expected) in rows {
        let (printed, error) = print("h5py_names.h5", &format!("print({text})"));
        assert_eq!(printed, expected, "{text}: {error}");
    }
}

#[test]
fn an_enumeration_is_read_as_integers_and_listed_with_its_names() {
    let text = r#"let e = h5::list("PATH").filter(|e| e.path == "colours")[0];
        print(h5::read("PATH").colours.to_list()); print(e.names); print(e.kind);"#;
    let (printed, error) = print("h5py_names.h5", text);
    let expected = "[2, 0]\n{BLUE: 2, RED: 0}\nenum (RED = 0, BLUE = 2)";
    assert_eq!(printed, expected, "{error}");
}

#[test]
fn truth_values_and_scalars_are_read_as_the_help_of_read_states() {
    let text = r#"let f = h5::read("PATH"); let s = f.scalars;
        print([f.arrays.bool.dtype(), s.yes, s.int, s.float, s.text, s.nothing]);"#;
    let (printed, error) = print("h5py_kinds.h5", text);
    assert_eq!(printed, r#"["u8", true, -5, 0.1, "größe", nil]"#, "{error}");
}

#[test]
fn rows_outside_an_entry_or_of_text_are_refused_with_the_reason() {
    let rows = [
        (
            "h5py_names.h5",
            r#""ok", 0, 9"#,
            "entry `ok` has 3 rows, expected first and end in 0..=3",
        ),
        ("h5py_names.h5", r#""ok", 2, 1"#, "found first 2 and end 1"),
        (
            "h5py_names.h5",
            r#""back\\xslash", 0, 1"#,
            "has no rows: it is a single value",
        ),
        (
            "hdf5/matlab.mat",
            r#""title", 0, 1"#,
            "has no rows: it is MATLAB text",
        ),
        (
            "hdf5/matlab.mat",
            r#""cells", 0, 1"#,
            "has no rows: it is a MATLAB cell array",
        ),
    ];
    for (file, args, expected) in rows {
        let (_, error) = print(file, &format!(r#"h5::rows("PATH", {args})"#));
        assert!(error.contains(expected), "{args}: {error}");
    }
}

#[test]
fn an_entry_that_exceeds_the_memory_does_not_hide_the_others() {
    let text = r#"let f = h5::read("PATH"); print(f.whole.shape()); print("vast" in f);"#;
    let (printed, error) = print("h5py_odd.h5", text);
    assert!(printed.contains("[4, 3]\nfalse"), "{printed} {error}");
    assert!(
        printed.contains("as in h5::rows(path, \"vast\", 0, 100)"),
        "{printed}"
    );
    let (_, error) = print("h5py_odd.h5", r#"h5::read("PATH", "vast")"#);
    assert!(error.contains("read it in parts with h5::rows"), "{error}");
}
