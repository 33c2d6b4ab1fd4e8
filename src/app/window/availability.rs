//! Whether a window can be opened.

/// The error of a build without window support.
pub const NOT_BUILT: &str = "this build has no window support (`./x window ...` builds it)";

/// The reason why no window can be opened, if it is known in advance.
pub fn unavailable() -> Option<String> {
    if !cfg!(feature = "window") {
        return Some(NOT_BUILT.into());
    }
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let unix = cfg!(all(unix, not(target_os = "macos")));
    if unix && !is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY") {
        return Some("there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)".into());
    }
    None
}
