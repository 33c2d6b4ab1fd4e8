//! A session on a terminal: what a paste costs, and bytes that are no text.
#![cfg(unix)]

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use attractor::app::repl::RepaintPolicy;
use nix::pty::{Winsize, openpty};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

/// A session on a terminal of its own, and what it writes there.
struct Typing {
    child: Child,
    keys: File,
    pieces: Receiver<Vec<u8>>,
    shown: Vec<u8>,
    _folder: TempDir,
}

impl Typing {
    fn new() -> Typing {
        let folder = TempDir::new().expect("a folder");
        let size = Winsize {
            ws_row: 40,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(Some(&size), None).expect("a terminal");
        let slave = || Stdio::from(pty.slave.try_clone().expect("a descriptor"));
        let child = Command::new(env!("CARGO_BIN_EXE_attractor"))
            .current_dir(folder.path())
            .env("XDG_DATA_HOME", folder.path())
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .stdin(slave())
            .stdout(slave())
            .stderr(slave())
            .spawn()
            .expect("the program starts");
        let keys = File::from(pty.master);
        let mut screen = keys.try_clone().expect("a descriptor");
        let (sender, pieces) = channel();
        std::thread::spawn(move || {
            let mut piece = [0; 1 << 16];
            while let Ok(length @ 1..) = screen.read(&mut piece) {
                if sender.send(piece[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let mut typing = Typing {
            child,
            keys,
            pieces,
            shown: Vec::new(),
            _folder: folder,
        };
        typing.wait_for("> ");
        typing
    }

    fn press(&mut self, keys: &[u8]) {
        // A terminal holds 4,096 bytes until the program reads them.
        for part in keys.chunks(1000) {
            self.keys.write_all(part).expect("a terminal");
        }
    }

    /// Waits until the session writes `text`; gives what it wrote up to there.
    fn wait_for(&mut self, text: &str) -> Vec<u8> {
        let begun = Instant::now();
        let mut first = 0;
        loop {
            let found = self.shown[first..]
                .windows(text.len())
                .position(|part| part == text.as_bytes());
            if let Some(at) = found {
                return self.shown.drain(..first + at + text.len()).collect();
            }
            assert!(begun.elapsed() < PATIENCE, "no {text:?}");
            if let Ok(piece) = self.pieces.recv_timeout(Duration::from_millis(50)) {
                first = self.shown.len().saturating_sub(text.len());
                self.shown.extend(piece);
            }
        }
    }
}

impl Drop for Typing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn pasted_letters_are_not_repainted_one_by_one() {
    let list = format!(
        "let x = tensor([{}1.5]); print(\"pas\" + \"ted\")\r",
        "1.5, ".repeat(1600)
    );
    let name = format!("let {} = 1; print(\"pas\" + \"ted\")\r", "a".repeat(8000));
    for text in [list, name] {
        let mut typing = Typing::new();
        typing.press(text.as_bytes());
        let shown = typing.wait_for("pasted");
        // Each of 80 rows is repainted once with all before it; letter by letter it is 30 MB.
        assert!(shown.len() < 3_000_000, "{} bytes", shown.len());
        let last = String::from_utf8_lossy(&shown[shown.len() - 2000..]).into_owned();
        assert!(
            last.contains("\x1b[32m\"pas\"\x1b[0m"),
            "no colours at the end: {last}"
        );
    }
}

#[test]
fn a_byte_that_is_not_text_does_not_end_a_session_on_a_terminal() {
    let mut typing = Typing::new();
    typing.press(b"4000 + \xffx");
    typing.wait_for("expected text in UTF-8");
    typing.wait_for("> ");
    typing.press(b" 3 + 4\r");
    typing.wait_for("4007");
}

#[test]
fn a_key_repaints_the_line_only_if_colours_change() {
    let upper = |line: &str| line.replace("let", "LET");
    let (policy, mut now) = (RepaintPolicy::default(), Instant::now());
    let mut type_at = |line: &str, pause| {
        now += Duration::from_millis(pause);
        let burst = policy.record_key(line.len(), now);
        let changes = policy.needs_repaint(line, upper);
        if changes {
            policy.record_line(&upper(line));
        }
        policy.record_ready(now);
        (burst, changes)
    };
    assert_eq!(type_at("l", 100), (false, true), "nothing is shown yet");
    assert_eq!(type_at("le", 100), (false, false));
    assert_eq!(type_at("let", 100), (false, true));
    let long = "x".repeat(300);
    assert_eq!(
        type_at(&long[..150], 1),
        (false, true),
        "a short line is painted at once"
    );
    assert_eq!(type_at(&long[..299], 100), (false, true));
    assert_eq!(type_at(&long, 1), (true, false));
    assert!(policy.lacks_colours());
}
