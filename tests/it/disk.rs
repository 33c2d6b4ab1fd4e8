//! A disk that is full, as a script meets it.
#![cfg(unix)]

use std::fs;
use std::process::Command;

use tempfile::TempDir;

/// Many arrays, whose bookkeeping too has no room any more.
const FULL: &str = r#"
for i in 0..3 {
    try {
        let map = #{};
        for k in 0..30 { map["x" + k] = zeros([3000]); }
        h5::write("full.h5", map);
    } catch (fault) {
        print("" + fault);
    }
}
print("alive");
"#;

#[test]
fn a_disk_that_becomes_full_under_a_file_of_many_arrays_is_a_fault_and_not_the_end() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("full.rhai"), FULL).expect("a script");
    // A limit on the length of files stands for the end of the disk.
    let limited = "trap '' XFSZ; ulimit -f 200; exec \"$0\" run full.rhai";
    let output = Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_attractor")])
        .current_dir(folder.path())
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.lines().count(), 4, "{said}");
    assert!(said.ends_with("alive\n"), "{said}");
    assert_eq!(said.matches("full.h5: writing failed").count(), 3, "{said}");
    let left = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 1, "only the script is left");
}
