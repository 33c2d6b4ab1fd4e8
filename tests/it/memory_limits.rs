//! The memory limit of a run: tensors, strings, lists, maps and files count together.

use std::process::Stdio;

use crate::cli::{decode, folder, program, run};

/// Scripts whose memory use grows without bound in small allocations.
const GROWING_SCRIPTS: [(&str, &str); 34] = [
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
    ("list.rhai", "let a = [1]; loop { a += a; }"),
    ("append.rhai", "let a = [1]; loop { a.append(a); }"),
    ("extend.rhai", "let a = [1]; loop { a = a + a; }"),
    (
        "map.rhai",
        "let m = #{ a: 1 }; loop { m = #{ a: m, b: m }; }",
    ),
    (
        "straight.rhai",
        "let s = \"\"; s.pad(1000000, \"x\");
         s += s; s += s; s += s; s += s; s += s; s += s; s += s; s += s; s += s; s += s; s += s;
         s += s; s += s; s += s; s += s; s += s; s += s; s += s; s += s; s += s; s += s; s += s;",
    ),
    (
        "sum.rhai",
        "let s = \"\"; s.pad(1000000, \"x\"); let t =
         s + s + s + s + s + s + s + s + s + s + s + s + s + s + s + s + s + s + s + s + s + s +
         s + s + s + s + s + s + s + s + s + s + s + s + s + s + s + s + s + s + s + s + s + s;",
    ),
    (
        "interpolated.rhai",
        "let s = \"x\"; loop { s = `${s}${s}`; }",
    ),
    (
        "argument.rhai",
        "let s = \"x\"; loop { s = text_of(s + s); }",
    ),
    ("pushes.rhai", "let a = []; loop { a.push(1); }"),
    ("pad.rhai", "let a = []; a.pad(1000000000, 0);"),
    (
        "pad_lists.rhai",
        "let a = []; a.pad(1000, 0); let b = []; b.pad(1000000, a);",
    ),
    ("pad_text.rhai", "let s = \"\"; s.pad(10000000000, \"x\");"),
    ("pad_char.rhai", "let s = \"\"; s.pad(10000000000, 'x');"),
    ("blob.rhai", "let b = blob(10000000000);"),
    ("filled_blob.rhai", "let b = blob(10000000000, 7);"),
    ("pad_blob.rhai", "let b = blob(); b.pad(10000000000, 7);"),
    (
        "bytes.rhai",
        "let b = blob(10000000, 7); print(b.to_array().len);",
    ),
    (
        "chars.rhai",
        "let s = \"\"; s.pad(10000000, \"a\"); print(s.to_chars().len);",
    ),
    (
        "shared.rhai",
        "let s = \"\"; s.pad(1000000, \"a\"); let a = []; a.pad(10000, s); print(a);",
    ),
    (
        "json.rhai",
        "let s = \"\"; s.pad(1000000, \"a\"); let a = []; a.pad(10000, s);
         print(#{ a: a }.to_json());",
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
fn small_allocations_of_all_kinds_count_towards_one_memory_limit() {
    let files: Vec<_> = GROWING_SCRIPTS
        .iter()
        .map(|(name, text)| (*name, text.as_bytes()))
        .collect();
    let folder = folder(&files);
    for (file, _) in GROWING_SCRIPTS {
        let output = run(&folder, &["run", file, "--max-memory", "64M"]);
        let stderr = decode(&output.stderr);
        let messages = ["error: not enough memory", "bytes are in use"];
        assert!(
            messages.iter().any(|message| stderr.contains(message)),
            "{file}: {stderr}"
        );
        assert!(stderr.contains("hint: "), "{file}: {stderr}");
        assert_eq!(decode(&output.stdout), "", "{file}");
        assert_eq!(output.status.code(), Some(1), "{file}");
    }
}

#[test]
fn memory_in_use_counts_when_a_tensor_is_allocated() {
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
            decode(&output.stderr)
        );
        let output = run(&folder, &["run", file, "--max-memory", "10M"]);
        let stderr = decode(&output.stderr);
        let message = "zeros: shape [2000, 1000] needs 8000000 bytes, and ";
        assert!(stderr.contains(message), "{file}: {stderr}");
        assert!(
            stderr.contains("of at most 10485760 bytes are in use"),
            "{file}: {stderr}"
        );
    }
}

#[test]
fn unreachable_values_of_a_script_are_freed() {
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
            decode(&output.stdout),
            "done\n",
            "{file}: {}",
            decode(&output.stderr)
        );
    }
}

#[test]
fn a_file_counts_with_its_decoded_size() {
    let values = format!("[{}1]", "1,".repeat(2_000_000));
    let maps = format!("[{}1]", "{\"a\":[1]},".repeat(300_000));
    let wide = "h5::write(\"wide.h5\", #{ x: zeros([3000, 3000]) }, #{ compress: 9 });";
    let folder = folder(&[
        ("numbers.json", values.as_bytes()),
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
    assert_eq!(output.status.code(), Some(0), "{}", decode(&output.stderr));
    let rejected = [
        "numbers.rhai",
        "value.rhai",
        "maps.rhai",
        "numbers.lua",
        "text.rhai",
    ];
    let output = run(&folder, &["run", "wide.rhai", "--max-memory", "20M"]);
    let shown = decode(&output.stdout);
    assert!(shown.contains("h5::rows(path, \"x\", 0, 100)"), "{shown}");
    assert!(shown.ends_with("{}\n"), "{shown}");
    for file in rejected.into_iter().chain(["entry.rhai"]) {
        let output = run(&folder, &["run", file, "--max-memory", "20M"]);
        let stderr = decode(&output.stderr);
        let messages = ["not enough memory", "the limit is 20", "are in use"];
        assert!(
            messages.iter().any(|message| stderr.contains(message)),
            "{file}: {stderr}"
        );
        assert_eq!(output.status.code(), Some(1), "{file}");
        if file != "text.rhai" {
            let output = run(&folder, &["run", file]);
            assert_eq!(
                output.status.code(),
                Some(0),
                "{file}: {}",
                decode(&output.stderr)
            );
        }
    }
    // The compressed array is a single chunk: reading part of it requires the memory of the whole
    // array.
    let output = run(&folder, &["run", "part.rhai", "--max-memory", "64M"]);
    assert_eq!(
        decode(&output.stdout),
        "[2, 3000]\n",
        "{}",
        decode(&output.stderr)
    );
}

#[test]
fn a_session_continues_after_an_input_that_exceeded_a_limit() {
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
            .filter(|argument| !argument.is_empty())
            .collect();
        let mut command = program(folder.path(), &[args, limits.to_vec()].concat());
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = child.spawn().expect("the program starts");
        let mut input_pipe = child.stdin.take().expect("the stream is piped");
        input_pipe
            .write_all(input.as_bytes())
            .expect("the child reads its input");
        drop(input_pipe);
        let output = child.wait_with_output().expect("the program ends");
        assert_eq!(
            decode(&output.stdout),
            "2\n4\n",
            "{}",
            decode(&output.stderr)
        );
    }
}

#[test]
fn the_error_of_a_rejected_array_states_the_memory_in_use() {
    let text = b"let a = zeros([20000000]);\nzeros([10000000]);";
    let folder = folder(&[("two.rhai", &text[..])]);
    let output = run(&folder, &["run", "two.rhai", "--max-memory", "100M"]);
    let stderr = decode(&output.stderr);
    let (prefix, _) = stderr
        .split_once(" of at most")
        .expect("a message with the limit");
    let used: u64 = prefix
        .rsplit(' ')
        .next()
        .and_then(|n| n.parse().ok())
        .expect("bytes");
    assert!((80_000_000..81_000_000).contains(&used), "{stderr}");
}

#[test]
fn a_run_reads_the_file_that_it_wrote_to_the_output_folder() {
    let text = b"file::write(\"notes.txt\", \"new\");\nprint(file::read(\"notes.txt\"));";
    let folder = folder(&[("own.rhai", &text[..]), ("notes.txt", b"old")]);
    let output = run(&folder, &["run", "own.rhai", "--out", "results"]);
    assert_eq!(decode(&output.stdout), "new\n");
}

#[test]
fn a_memory_error_in_lua_contains_the_line() {
    let text = b"local t = {}\nfor i = 1, 1e9 do\n  t[i] = i .. string.rep('x', 500)\nend";
    let folder = folder(&[("full.lua", &text[..])]);
    let output = run(&folder, &["run", "full.lua", "--max-memory", "40M"]);
    let stderr = decode(&output.stderr);
    assert!(stderr.contains("not enough memory"), "{stderr}");
    assert!(stderr.contains("full.lua:3"), "{stderr}");
}
