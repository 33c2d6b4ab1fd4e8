//! temporary driver
use attractor::api::context::*;
use attractor::host;
use std::rc::Rc;
struct T;
impl Terminal for T {
    fn print(&self, line: &str) {
        println!("{line}");
    }
    fn progress(&self, _: &str) -> Box<dyn attractor::base::Progress> {
        Box::new(attractor::base::Silent)
    }
}
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let script = Script {
        path: path.clone(),
        text,
    };
    let language = host::language_of(&path).unwrap();
    let cx = Context {
        settings: Rc::new(Settings::default()),
        terminal: Rc::new(T),
        stop: Default::default(),
        language,
        script: Rc::new(script.clone()),
    };
    let mut h = host::open(cx).unwrap();
    match h.run(&script) {
        Ok(v) => println!("=> {v:?}"),
        Err(f) => {
            println!("{f:?}");
            println!("{}", host::report(&f, &script.text, host::Colours::Off))
        }
    }
}
