//! The terminal of a script: its output, its progress displays and its windows.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::exit::ExitStatus;
use super::progress::ProgressReporter;
use super::terminal::{TerminalState, print_line};
use super::window::ImageRequest;
use crate::api::context::Terminal;
use crate::base::Progress;
use crate::figure::scene::Scene;

/// The terminal, as the script API sees it.
pub struct ScriptTerminal(pub Arc<TerminalState>);

impl Terminal for ScriptTerminal {
    fn print(&self, line: &str) {
        let state = &self.0;
        if state.suspend_bar(|| print_line(line)) == ExitStatus::BrokenPipe {
            // Stop as for Ctrl-C: training ends cleanly, and no work continues without a reader.
            state.output_closed.store(true, Ordering::Relaxed);
            state.stop.store(true, Ordering::Relaxed);
        }
    }

    fn progress(&self, label: &str) -> Box<dyn Progress> {
        Box::new(ProgressReporter::new(label, self.0.clone()))
    }

    fn is_exiting(&self) -> bool {
        self.0.terminating.load(Ordering::Relaxed)
    }

    fn show_window(&self, panels: Vec<Scene>, pictures: PathBuf, wait: bool) -> Result<(), String> {
        self.0.windows.show(panels, pictures, wait, &self.0.stop)
    }

    fn set_writing(&self, active: bool) {
        self.0.writing_file.store(active, Ordering::Relaxed);
    }

    fn render_png(&self, scene: Scene, size: [u32; 2]) -> Result<Vec<u8>, String> {
        self.0.windows.image(ImageRequest { scene, size })
    }
}
