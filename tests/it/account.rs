//! One account of memory for a run: tensors, texts, lists, maps and files together.

use std::process::Stdio;

use crate::cli::{folder, program, run, said};

/// Scripts that take ever more memory in small pieces, of one kind or of several.
const GROWING: [(&str, &str); 14] = [
    (
        "tensors.rhai",
        "let all = []; loop { try { all.push(zeros([1000])) } catch { print(\"caught\") } }",
    ),
    (
        "maps.rhai",
        "let m = #{}; let i = 0; loop { m[`k${i}`] = #{ a: [1.5] }; i += 1; }",
    ),
    (
        "texts.rhai",
        "let all = []; loop { let s = \"\"; s.pad(100000, \"x\"); all.push(s); }",
    ),
    ("text.rhai", "let s = \"x\"; loop { s += s; }"),
    (
        "replace.rhai",
        "let s = \"\"; s.pad(100000, \"a\"); s.replace(\"a\", s); print(s.len);",
    ),
    (
        "split.rhai",
        "let s = \"\"; s.pad(20000000, \"a\"); print(s.split(\"a\").len);",
    ),
    (
        "closures.rhai",
        "let all = []; loop { let x = zeros([1000]); all.push(|| x); }",
    ),
    (
        "tensors.lua",
        "local all = {} while true do pcall(function() all[#all + 1] = zeros({1000}) end) end",
    ),
    (
        "tables.lua",
        "local all = {} while true do all[#all + 1] = { 1 } end",
    ),
    (
        "pcall.lua",
        "local all = {} while true do pcall(function() all[#all + 1] = { 1 } end) end",
    ),
    ("text.lua", "local s = 'x' while true do s = s .. s end"),
    (
        "texts.lua",
        "local all = {} while true do all[#all + 1] = ('x'):rep(100000) .. #all end",
    ),
    (
        "gsub.lua",
        "local s = ('a'):rep(100000) print(#s:gsub('a', s))",
    ),
    (
        "mixed.lua",
        "local all = {} while true do all[#all + 1] = { zeros({100}), ('x'):rep(1000) } end",
    ),
];

#[test]
fn memory_in_small_pieces_counts_in_one_account() {
    let files: Vec<_> = GROWING
        .iter()
        .map(|(name, text)| (*name, text.as_bytes()))
        .collect();
    let folder = folder(&files);
    for (file, _) in GROWING {
        let output = run(&folder, &["run", file, "--max-memory", "64M"]);
        let shown = said(&output.stderr);
        let full = ["error: not enough memory", "bytes are in use"];
        assert!(
            full.iter().any(|words| shown.contains(words)),
            "{file}: {shown}"
        );
        assert!(shown.contains("hint: "), "{file}: {shown}");
        assert_eq!(said(&output.stdout), "", "{file}");
        assert_eq!(output.status.code(), Some(1), "{file}");
    }
}

#[test]
fn what_is_in_use_counts_when_a_tensor_is_made() {
    let files: [(&str, &[u8]); 2] = [
        (
            "two.rhai",
            b"let a = zeros([1000, 1000]); let b = zeros([2000, 1000]);",
        ),
        (
            "two.lua",
            b"local a = zeros({1000, 1000}) local b = zeros({2000, 1000})",
        ),
    ];
    let folder = folder(&files);
    for (file, _) in files {
        let output = run(&folder, &["run", file, "--max-memory", "16M"]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{file}: {}",
            said(&output.stderr)
        );
        let output = run(&folder, &["run", file, "--max-memory", "10M"]);
        let shown = said(&output.stderr);
        let words = "zeros: shape [2000, 1000] needs 8000000 bytes, and ";
        assert!(shown.contains(words), "{file}: {shown}");
        assert!(
            shown.contains("of at most 10485760 bytes are in use"),
            "{file}: {shown}"
        );
    }
}

#[test]
fn values_that_a_script_no_longer_reaches_are_freed() {
    let files: [(&str, &[u8]); 2] = [
        (
            "drop.rhai",
            b"for i in 0..300 { let x = zeros([500, 500]) + 1.0; } print(\"done\");",
        ),
        (
            "drop.lua",
            b"for i = 1, 300 do local x = zeros({500, 500}) + 1.0 end print('done')",
        ),
    ];
    let folder = folder(&files);
    for (file, _) in files {
        let output = run(&folder, &["run", file, "--max-memory", "16M"]);
        assert_eq!(
            said(&output.stdout),
            "done\n",
            "{file}: {}",
            said(&output.stderr)
        );
    }
}

#[test]
fn a_file_counts_with_what_it_becomes_in_memory() {
    let numbers = format!("[{}1]", "1,".repeat(2_000_000));
    let maps = format!("[{}1]", "{\"a\":[1]},".repeat(300_000));
    let wide = "h5::write(\"wide.h5\", #{ x: zeros([3000, 3000]) }, #{ compress: 9 });";
    let folder = folder(&[
        ("numbers.json", numbers.as_bytes()),
        ("maps.json", maps.as_bytes()),
        ("write.rhai", wide.as_bytes()),
        ("numbers.rhai", b"json::read(\"numbers.json\");"),
        ("value.rhai", b"json::value(file::read(\"numbers.json\"));"),
        ("maps.rhai", b"json::read(\"maps.json\");"),
        ("numbers.lua", b"json.read('numbers.json')"),
        (
            "text.rhai",
            b"let all = []; loop { all.push(file::read(\"numbers.json\")); }",
        ),
        ("wide.rhai", b"print(h5::read(\"wide.h5\"));"),
        ("entry.rhai", b"h5::read(\"wide.h5\", \"x\");"),
        (
            "part.rhai",
            b"print(h5::rows(\"wide.h5\", \"x\", 0, 2).shape());",
        ),
    ]);
    let output = run(&folder, &["run", "write.rhai"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output.stderr));
    let refused = [
        "numbers.rhai",
        "value.rhai",
        "maps.rhai",
        "numbers.lua",
        "text.rhai",
    ];
    let output = run(&folder, &["run", "wide.rhai", "--max-memory", "20M"]);
    let shown = said(&output.stdout);
    assert!(shown.contains("h5::rows(path, \"x\", 0, 100)"), "{shown}");
    assert!(shown.ends_with("{}\n"), "{shown}");
    for file in refused.into_iter().chain(["entry.rhai"]) {
        let output = run(&folder, &["run", file, "--max-memory", "20M"]);
        let shown = said(&output.stderr);
        let full = ["not enough memory", "the limit is 20", "are in use"];
        assert!(
            full.iter().any(|words| shown.contains(words)),
            "{file}: {shown}"
        );
        assert_eq!(output.status.code(), Some(1), "{file}");
        if file != "text.rhai" {
            let output = run(&folder, &["run", file]);
            assert_eq!(
                output.status.code(),
                Some(0),
                "{file}: {}",
                said(&output.stderr)
            );
        }
    }
    // The compressed array is one chunk, so a part of it takes the memory of the whole.
    let output = run(&folder, &["run", "part.rhai", "--max-memory", "64M"]);
    assert_eq!(
        said(&output.stdout),
        "[2, 3000]\n",
        "{}",
        said(&output.stderr)
    );
}

#[test]
fn a_session_goes_on_after_an_input_that_exceeded_a_limit() {
    use std::io::Write;
    let folder = folder(&[]);
    let inputs = [
        (
            "",
            "loop {}\n1 + 1\nlet s = \"x\"; loop { s += s; }\n2 + 2\n",
        ),
        (
            "--lua",
            "while true do end\n1 + 1\ns = 'x' while true do s = s .. s end\n2 + 2\n",
        ),
    ];
    for (language, input) in inputs {
        let limits = ["--max-operations", "100000", "--max-memory", "32M"];
        let args: Vec<_> = [language]
            .into_iter()
            .filter(|one| !one.is_empty())
            .collect();
        let mut command = program(folder.path(), &[args, limits.to_vec()].concat());
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = child.spawn().expect("the program starts");
        let mut to = child.stdin.take().expect("it was asked for");
        to.write_all(input.as_bytes()).expect("it reads");
        drop(to);
        let output = child.wait_with_output().expect("the program ends");
        assert_eq!(said(&output.stdout), "2\n4\n", "{}", said(&output.stderr));
    }
}

#[test]
fn the_memory_in_use_includes_arrays_when_a_large_one_is_refused() {
    let text = b"let a = zeros([20000000]);\nzeros([10000000]);";
    let folder = folder(&[("two.rhai", &text[..])]);
    let output = run(&folder, &["run", "two.rhai", "--max-memory", "100M"]);
    let shown = said(&output.stderr);
    let (before, _) = shown
        .split_once(" of at most")
        .expect("a sentence about the limit");
    let used: u64 = before
        .rsplit(' ')
        .next()
        .and_then(|n| n.parse().ok())
        .expect("bytes");
    assert!((80_000_000..81_000_000).contains(&used), "{shown}");
}

#[test]
fn a_file_that_a_run_wrote_is_the_one_that_it_reads() {
    let text = b"file::write(\"notes.txt\", \"new\");\nprint(file::read(\"notes.txt\"));";
    let folder = folder(&[("own.rhai", &text[..]), ("notes.txt", b"old")]);
    let output = run(&folder, &["run", "own.rhai", "--out", "results"]);
    assert_eq!(said(&output.stdout), "new\n");
}

#[test]
fn lua_names_a_line_where_its_memory_ended() {
    let text = b"local t = {}\nfor i = 1, 1e9 do\n  t[i] = i .. string.rep('x', 500)\nend";
    let folder = folder(&[("full.lua", &text[..])]);
    let output = run(&folder, &["run", "full.lua", "--max-memory", "40M"]);
    let shown = said(&output.stderr);
    assert!(shown.contains("not enough memory"), "{shown}");
    assert!(shown.contains("full.lua:3"), "{shown}");
}
