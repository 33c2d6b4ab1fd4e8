//! Sessions on a terminal: pasted text, invalid UTF-8 and repainting.
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

/// A session on a pseudo-terminal, and its output.
struct TerminalSession {
    child: Child,
    input: File,
    chunks: Receiver<Vec<u8>>,
    output: Vec<u8>,
    _folder: TempDir,
}

impl TerminalSession {
    fn new() -> TerminalSession {
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
        let input = File::from(pty.master);
        let mut screen = input.try_clone().expect("a descriptor");
        let (sender, chunks) = channel();
        std::thread::spawn(move || {
            let mut chunk = [0; 1 << 16];
            while let Ok(length @ 1..) = screen.read(&mut chunk) {
                if sender.send(chunk[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let mut session = TerminalSession {
            child,
            input,
            chunks,
            output: Vec::new(),
            _folder: folder,
        };
        session.wait_for("> ");
        session
    }

    fn type_keys(&mut self, input: &[u8]) {
        // The input buffer of a terminal has 4,096 bytes.
        for part in input.chunks(1000) {
            self.input.write_all(part).expect("a terminal");
        }
    }

    /// Waits until the session writes `text`. Returns the output up to there.
    fn wait_for(&mut self, text: &str) -> Vec<u8> {
        let start = Instant::now();
        let mut first = 0;
        loop {
            let position = self.output[first..]
                .windows(text.len())
                .position(|part| part == text.as_bytes());
            if let Some(at) = position {
                return self.output.drain(..first + at + text.len()).collect();
            }
            assert!(start.elapsed() < PATIENCE, "no {text:?}");
            if let Ok(chunk) = self.chunks.recv_timeout(Duration::from_millis(50)) {
                first = self.output.len().saturating_sub(text.len());
                self.output.extend(chunk);
            }
        }
    }
}

impl Drop for TerminalSession {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn pasted_text_is_not_repainted_after_each_letter() {
    let list = format!(
        "let x = tensor([{}1.5]); print(\"pas\" + \"ted\")\r",
        "1.5, ".repeat(1600)
    );
    let name = format!("let {} = 1; print(\"pas\" + \"ted\")\r", "a".repeat(8000));
    for text in [list, name] {
        let mut session = TerminalSession::new();
        session.type_keys(text.as_bytes());
        let output = session.wait_for("pasted");
        // Each of 80 rows is repainted once with all previous rows; repainting after each letter
        // writes 30 MB.
        assert!(output.len() < 3_000_000, "{} bytes", output.len());
        let last = String::from_utf8_lossy(&output[output.len() - 2000..]).into_owned();
        assert!(
            last.contains("\x1b[32m\"pas\"\x1b[0m"),
            "no colours at the end: {last}"
        );
    }
}

#[test]
fn invalid_utf8_does_not_end_a_session_on_a_terminal() {
    let mut session = TerminalSession::new();
    session.type_keys(b"4000 + \xffx");
    session.wait_for("expected text in UTF-8");
    session.wait_for("> ");
    session.type_keys(b" 3 + 4\r");
    session.wait_for("4007");
}

#[test]
fn a_key_repaints_the_line_only_if_the_colours_change() {
    let highlight = |line: &str| line.replace("let", "LET");
    let (policy, mut time) = (RepaintPolicy::default(), Instant::now());
    let mut type_at = |line: &str, pause| {
        time += Duration::from_millis(pause);
        let is_burst = policy.record_key(line.len(), time);
        let needs_repaint = policy.needs_repaint(line, highlight);
        if needs_repaint {
            policy.record_line(&highlight(line));
        }
        policy.record_ready(time);
        (is_burst, needs_repaint)
    };
    assert_eq!(type_at("l", 100), (false, true), "nothing was painted yet");
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
