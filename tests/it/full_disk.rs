//! Scripts that write to a full disk.
#![cfg(unix)]

use std::fs;
use std::process::Command;

use tempfile::TempDir;

/// Writes many arrays, so that the metadata of the file exceeds the limit too.
const SCRIPT: &str = r#"
for i in 0..3 {
    try {
        let map = #{};
        for k in 0..30 { map["x" + k] = zeros([3000]); }
        h5::write("full.h5", map);
    } catch (error) {
        print("" + error);
    }
}
print("alive");
"#;

#[test]
fn a_full_disk_during_an_hdf5_write_is_an_error_that_a_script_can_catch() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("full.rhai"), SCRIPT).expect("a script");
    // A limit on the file size simulates the full disk.
    let command = "trap '' XFSZ; ulimit -f 200; exec \"$0\" run full.rhai";
    let output = Command::new("sh")
        .args(["-c", command, env!("CARGO_BIN_EXE_attractor")])
        .current_dir(folder.path())
        .output()
        .expect("a shell");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(stdout.lines().count(), 4, "{stdout}");
    assert!(stdout.ends_with("alive\n"), "{stdout}");
    assert_eq!(
        stdout.matches("full.h5: writing failed").count(),
        3,
        "{stdout}"
    );
    let remaining_files = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(remaining_files, 1, "only the script is left");
}
