//! The words that are always in scope: printing, help, and what the command line asked for.

use super::context::Context;
use super::help;
use super::show;
use super::value::Value;
use crate::base::Error;

crate::natives! {
    /// Always in scope: printing, help, and what the command line asked for.
    module "";

    /// Writes a value on a line of its own.
    fn print(cx: &Context, value: Option<Value>) -> () {
        cx.terminal.print(&show::printed(&value.unwrap_or(Value::Text(String::new()))));
        Ok(())
    }

    /// The text form of a value, as `print` shows it.
    ///
    /// > text_of([1, 2.5, "a"])
    /// = [1, 2.5, "a"]
    fn text_of(value: Value) -> String { Ok(show::printed(&value)) }

    /// The kind of a value, in words.
    ///
    /// > kind_of(3)
    /// = a whole number
    fn kind_of(value: Value) -> String { Ok(value.kind()) }

    /// Shows the reference of a function, a method, a module, or (without a name) an overview.
    fn help(cx: &Context, name: Option<String>) -> () {
        let text = help::find(name.as_deref().unwrap_or(""), cx.language)?;
        cx.terminal.print(&text);
        Ok(())
    }

    /// The seed of this run: what `--seed` gave, else the number given here.
    ///
    /// > seed(7)
    /// = 7
    fn seed(cx: &Context, default: u64) -> u64 { Ok(cx.settings.seed.unwrap_or(default)) }

    /// A number of batches, trials or steps: as given, or a fiftieth (rounded up) under `--quick`.
    ///
    /// > budget(10_000)
    /// = 10000
    fn budget(cx: &Context, n: usize) -> usize { Ok(cx.budget(n)) }

    /// A number as text with this many digits after the point.
    ///
    /// > fixed(3.14159, 2)
    /// = 3.14
    fn fixed(number: f64, digits: usize) -> String {
        /// More digits than any double has that are not 0.
        const MOST: usize = 1100;
        if digits > MOST {
            let (of, name) = ("fixed".into(), "digits".into());
            let (expected, found) = (format!("of at most {MOST}"), digits.to_string());
            return Err(Error::Range { of, name, expected, found }.into());
        }
        Ok(format!("{number:.digits$}"))
    }

    /// Seconds since some moment of the past, for the time between two calls.
    ///
    /// > let start = clock();
    /// > clock() - start < 60.0
    /// = true
    fn clock() -> f64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Ok(since.map_or(0.0, |since| since.as_secs_f64()))
    }

    /// Waits for this many seconds.
    ///
    /// > sleep(0.01)
    /// = nil
    fn sleep(cx: &Context, seconds: f64) -> () {
        let time = std::time::Duration::try_from_secs_f64(seconds).map_err(|_| Error::Range {
            of: "sleep".into(),
            name: "seconds".into(),
            expected: "of 0 or more".into(),
            found: seconds.to_string(),
        })?;
        cx.sleep(time)
    }

    /// What stands after `--` on the command line, as a list of texts.
    ///
    /// > args()
    /// = []
    fn args(cx: &Context) -> Vec<String> { Ok(cx.settings.args.clone()) }

    /// Ends the script with a fault that says `message`.
    fn fail(message: String) -> () { Err(super::fault::Fault::new(message)) }

    /// Ends the script with a fault unless the two numbers differ by at most `tolerance`.
    ///
    /// > check_near(0.1 + 0.2, 0.3, 1e-12)
    /// = nil
    fn check_near(found: f64, expected: f64, tolerance: f64) -> () {
        if (found - expected).abs() <= tolerance {
            return Ok(());
        }
        let expected = format!("within {tolerance} of {expected}");
        let (of, name) = ("check_near".into(), "found".into());
        Err(Error::Range { of, name, expected, found: found.to_string() }.into())
    }
}
