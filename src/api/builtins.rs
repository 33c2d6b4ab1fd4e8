//! The built-in functions, which are always in scope: printing, help and command-line settings.

use super::context::Context;
use super::display;
use super::value::Value;
use crate::base::Error;

crate::natives! {
    /// Printing, help and command-line settings.
    module "";

    /// Prints a value and a newline.
    fn print(cx: &Context, value: Option<Value>) -> () {
        cx.terminal.print(&display::print_text(&value.unwrap_or(Value::Text(String::new()))));
        Ok(())
    }

    /// The text of a value, as `print` writes it.
    ///
    /// > text_of([1, 2.5, "a"])
    /// = [1, 2.5, "a"]
    fn text_of(value: Value) -> String { Ok(display::print_text(&value)) }

    /// The type of a value, with its article.
    ///
    /// > kind_of(3)
    /// = an integer
    fn kind_of(value: Value) -> String { Ok(value.kind()) }

    /// The seed of this run: the value of `--seed`, or else `default`.
    ///
    /// > seed(7)
    /// = 7
    fn seed(cx: &Context, default: u64) -> u64 { Ok(cx.config.seed.unwrap_or(default)) }

    /// A number of batches, trials or steps: `n`, or `n / 50` (rounded up) with `--quick`.
    ///
    /// > budget(10_000)
    /// = 10000
    fn budget(cx: &Context, n: usize) -> usize { Ok(cx.budget(n)) }

    /// The decimal text of a number, with `digits` digits after the decimal point.
    ///
    /// > fixed(3.14159, 2)
    /// = 3.14
    fn fixed(number: f64, digits: usize) -> String {
        /// Exceeds the number of nonzero decimal digits of any double.
        const MAX_DIGITS: usize = 1100;
        if digits > MAX_DIGITS {
            return Err(Error::Range {
                of: "fixed".into(),
                name: "digits".into(),
                expected: format!("of at most {MAX_DIGITS}"),
                found: digits.to_string(),
            }
            .into());
        }
        Ok(format!("{number:.digits$}"))
    }

    /// Seconds since a fixed time in the past. The difference of two calls is the elapsed time.
    ///
    /// > let start = clock();
    /// > clock() - start < 60.0
    /// = true
    fn clock() -> f64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Ok(since.map_or(0.0, |since| since.as_secs_f64()))
    }

    /// Pauses the script for `seconds`. Units: seconds.
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

    /// The command-line arguments after `--`, as a list of strings.
    ///
    /// > args()
    /// = []
    fn args(cx: &Context) -> Vec<String> { Ok(cx.config.args.clone()) }

    /// Raises an error with this message.
    fn fail(message: String) -> () { Err(super::diagnostic::Diagnostic::new(message)) }

    /// Raises an error unless the two numbers differ by at most `tolerance`.
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
