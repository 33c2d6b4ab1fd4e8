//! A parser for Python pickles that evaluates their data and executes nothing.
//!
//! Values are stored in one list and refer to each other by index. A memoized value is therefore
//! never copied, a long chain is freed without recursion, and every value takes at least one byte
//! of the file. (candle's reader copies values, allocates declared lengths, and panics on a short
//! tuple.)

use std::collections::HashMap;

use super::cursor::Cursor;

/// The index of a value in its pickle.
pub type Index = usize;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Values that weights do not need: None, booleans, floats, bytes, and integers beyond 64 bits.
    Other,
    Int(i64),
    Text(String),
    /// A class or function, as `module.name`.
    Class(String),
    Tuple(Vec<Index>),
    /// A list or a set.
    List(Vec<Index>),
    Dict(Vec<(Index, Index)>),
    /// An unevaluated call of `function` with `args`.
    Call {
        function: Index,
        args: Index,
    },
    /// A persistent id: the name of an object outside the pickle.
    PersistentId(Index),
}

/// A parsed pickle.
#[derive(Debug)]
pub struct Pickle {
    items: Vec<Item>,
    root: Index,
}

/// The reason why a pickle cannot be parsed.
pub type ParseError = &'static str;

const EMPTY: ParseError = "the pickle takes a value from an empty stack";

/// Classes whose instances are read as plain dictionaries; their entries follow in the same way.
const DICTS: [&str; 7] = [
    "collections.OrderedDict",
    "collections.defaultdict",
    "builtins.dict",
    "lightning.fabric.utilities.data.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "lightning.pytorch.utilities.parsing.AttributeDict",
    "pytorch_lightning.utilities.parsing.AttributeDict",
];
/// The class of parsed command lines, whose attributes are read as a dictionary.
const NAMESPACE: &str = "argparse.Namespace";

impl Pickle {
    /// Parses the first value and ignores the bytes after it.
    pub fn parse(bytes: &[u8]) -> Result<Pickle, ParseError> {
        Pickle::parse_first(bytes).map(|(pickle, _)| pickle)
    }

    /// The first value, and the bytes after it.
    pub fn parse_first(bytes: &[u8]) -> Result<(Pickle, &[u8]), ParseError> {
        let mut parser = Parser {
            bytes: Cursor(bytes),
            items: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
        };
        while parser.step()? {}
        let root = parser.pop()?;
        let items = parser.items;
        Ok((Pickle { items, root }, parser.bytes.0))
    }

    pub fn root(&self) -> Index {
        self.root
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn item(&self, index: Index) -> &Item {
        &self.items[index]
    }
}

struct Parser<'a> {
    bytes: Cursor<'a>,
    items: Vec<Item>,
    stack: Vec<Index>,
    /// Stack heights at the open marks.
    marks: Vec<usize>,
    memo: HashMap<u64, Index>,
}

impl Parser<'_> {
    /// Executes one opcode; returns false at the end. Names are those of Python's `pickletools`.
    fn step(&mut self) -> Result<bool, ParseError> {
        let code = self.bytes.byte()?;
        match code {
            b'.' => return Ok(false),
            b'(' => self.marks.push(self.stack.len()),
            b'2' => self.push(self.top()?), // DUP
            b'p' | b'q' | b'r' | 0x94 => self.memoize(code)?,
            b'g' | b'h' | b'j' => self.load_memo(code)?,
            b'b' => self.build()?,
            0x80 | 0x95 | b'0' | b'1' => self.skip(code)?,
            b'a' | b's' | b'e' | b'u' | 0x90 => self.extend(code)?,
            _ => {
                let item = self.create(code)?;
                self.push_new(item);
            }
        }
        Ok(true)
    }

    /// Skips opcodes that do not contribute to the final value.
    fn skip(&mut self, code: u8) -> Result<(), ParseError> {
        match code {
            0x80 => self.bytes.take(1).map(|_| ()), // PROTO
            0x95 => self.bytes.take(8).map(|_| ()), // FRAME
            b'1' => self.pop_mark().map(|_| ()),    // POP_MARK
            _ => self.pop().map(|_| ()),            // POP
        }
    }

    /// BUILD: sets the attributes of a value, which are used only for a parsed command line.
    fn build(&mut self) -> Result<(), ParseError> {
        let (attributes, top) = (self.pop()?, self.top()?);
        let Item::Call { function, .. } = &self.items[top] else {
            return Ok(());
        };
        let namespace = matches!(&self.items[*function], Item::Class(name) if name == NAMESPACE);
        if let (true, Item::Dict(entries)) = (namespace, &self.items[attributes]) {
            self.items[top] = Item::Dict(entries.clone());
        }
        Ok(())
    }

    /// The value that an opcode creates.
    fn create(&mut self, code: u8) -> Result<Item, ParseError> {
        Ok(match code {
            b'N' | 0x88 | 0x89 => Item::Other, // NONE, NEWTRUE, NEWFALSE
            b'G' => {
                self.bytes.take(8)?; // BINFLOAT
                Item::Other
            }
            b'B' | b'C' | 0x8e | 0x96 => {
                self.length_prefixed(code)?; // BINBYTES
                Item::Other
            }
            b'K' | b'M' | b'J' | 0x8a | 0x8b => self.integer(code)?.map_or(Item::Other, Item::Int),
            b'I' | b'L' | b'F' | b'S' | b'V' | b'P' => self.text_value(code)?,
            b'i' | b'o' => self.instance(code)?,
            0x82..=0x84 => {
                self.bytes.take(1 << (code - 0x82))?; // EXT1, EXT2, EXT4: classes by number
                Item::Other
            }
            b'X' | b'U' | b'T' | 0x8c | 0x8d => {
                Item::Text(String::from_utf8_lossy(self.length_prefixed(code)?).into_owned())
            }
            b'c' => {
                let module = self.bytes.line()?;
                Item::Class(format!("{module}.{}", self.bytes.line()?))
            }
            0x93 => self.class_on_stack()?, // STACK_GLOBAL
            b')' | b't' | 0x85..=0x87 => Item::Tuple(self.tuple_items(code)?),
            b']' | 0x8f => Item::List(Vec::new()), // EMPTY_LIST, EMPTY_SET
            b'l' | 0x91 => Item::List(self.pop_mark()?), // LIST, FROZENSET
            b'}' => Item::Dict(Vec::new()),
            b'd' => Item::Dict(pairs(&self.pop_mark()?)?),
            b'R' | 0x81 => self.call()?, // REDUCE, NEWOBJ
            0x92 => {
                self.pop()?; // NEWOBJ_EX: named arguments
                self.call()?
            }
            b'Q' => Item::PersistentId(self.pop()?), // BINPERSID
            _ => return Err("the pickle contains an unknown opcode"),
        })
    }

    /// Adds the values of an opcode to the container below them. Only lists and dictionaries store
    /// them; additions to other objects are ignored.
    fn extend(&mut self, code: u8) -> Result<(), ParseError> {
        let new = match code {
            b'a' => vec![self.pop()?],
            b's' => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.pop_mark()?,
        };
        let top = self.top()?;
        match &mut self.items[top] {
            Item::List(items) => items.extend(new),
            Item::Dict(entries) => entries.extend(pairs(&new)?),
            _ => {}
        }
        Ok(())
    }

    fn call(&mut self) -> Result<Item, ParseError> {
        let (args, function) = (self.pop()?, self.pop()?);
        Ok(match &self.items[function] {
            Item::Class(name) if DICTS.contains(&name.as_str()) => Item::Dict(Vec::new()),
            _ => Item::Call { function, args },
        })
    }

    fn class_on_stack(&mut self) -> Result<Item, ParseError> {
        let (name, module) = (self.pop()?, self.pop()?);
        match (&self.items[module], &self.items[name]) {
            (Item::Text(module), Item::Text(name)) => Ok(Item::Class(format!("{module}.{name}"))),
            _ => Err("the pickle contains a class name that is not text"),
        }
    }

    /// The elements of a tuple.
    fn tuple_items(&mut self, code: u8) -> Result<Vec<Index>, ParseError> {
        let count = match code {
            b')' => 0,
            b't' => return self.pop_mark(),
            _ => usize::from(code - 0x84), // TUPLE1, TUPLE2, TUPLE3
        };
        let start = self.stack.len().checked_sub(count).ok_or(EMPTY)?;
        Ok(self.stack.split_off(start))
    }

    /// A value in a line of text, as in protocol 0.
    fn text_value(&mut self, code: u8) -> Result<Item, ParseError> {
        let line = self.bytes.line()?;
        Ok(match code {
            b'I' | b'L' => {
                let digits = line.trim_end_matches('L');
                digits.parse().map_or(Item::Other, Item::Int)
            }
            b'S' => Item::Text(line.trim_matches(['\'', '"']).into()),
            b'V' => Item::Text(line),
            _ => Item::Other, // FLOAT, and PERSID: PyTorch's ids are tuples, not text
        })
    }

    /// An object from the arguments since the mark: its class is given by name (INST) or is the
    /// first of them (OBJ).
    fn instance(&mut self, code: u8) -> Result<Item, ParseError> {
        let mut args = self.pop_mark()?;
        let function = match code {
            b'i' => {
                let module = self.bytes.line()?;
                let class = Item::Class(format!("{module}.{}", self.bytes.line()?));
                self.add(class)
            }
            _ if args.is_empty() => return Err(EMPTY),
            _ => args.remove(0),
        };
        let args = self.add(Item::Tuple(args));
        Ok(Item::Call { function, args })
    }

    fn integer(&mut self, code: u8) -> Result<Option<i64>, ParseError> {
        let (size, signed) = match code {
            b'K' => (1, false),
            b'M' => (2, false),
            b'J' => (4, true),
            0x8a => (self.bytes.size(1)?, true),
            _ => (self.bytes.size(4)?, true),
        };
        self.bytes.integer(size, signed)
    }

    /// A byte string with its length as prefix.
    fn length_prefixed(&mut self, code: u8) -> Result<&[u8], ParseError> {
        let size = match code {
            b'U' | b'C' | 0x8c => self.bytes.size(1)?,
            b'X' | b'T' | b'B' => self.bytes.size(4)?,
            _ => self.bytes.size(8)?,
        };
        self.bytes.take(size)
    }

    fn memoize(&mut self, code: u8) -> Result<(), ParseError> {
        let name = match code {
            0x94 => self.memo.len() as u64,
            b'p' => self.memo_index_text()?,
            _ => self.memo_index(code == b'q')?,
        };
        let top = self.top()?;
        self.memo.insert(name, top);
        Ok(())
    }

    fn load_memo(&mut self, code: u8) -> Result<(), ParseError> {
        let name = match code {
            b'g' => self.memo_index_text()?,
            _ => self.memo_index(code == b'h')?,
        };
        let index = self.memo.get(&name).copied();
        self.push(index.ok_or("the pickle refers to a memo entry that does not exist")?);
        Ok(())
    }

    fn memo_index(&mut self, short: bool) -> Result<u64, ParseError> {
        Ok(self.bytes.size(if short { 1 } else { 4 })? as u64)
    }

    fn memo_index_text(&mut self) -> Result<u64, ParseError> {
        let name = self.bytes.line()?.parse();
        name.map_err(|_| "the pickle contains an invalid memo index")
    }

    fn pop_mark(&mut self) -> Result<Vec<Index>, ParseError> {
        let mark = self
            .marks
            .pop()
            .ok_or("the pickle closes a mark that is not open")?;
        // Opcodes after the mark may already have popped some of the values.
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn top(&self) -> Result<Index, ParseError> {
        self.stack.last().copied().ok_or(EMPTY)
    }

    fn pop(&mut self) -> Result<Index, ParseError> {
        self.stack.pop().ok_or(EMPTY)
    }

    fn push(&mut self, index: Index) {
        self.stack.push(index);
    }

    fn push_new(&mut self, item: Item) {
        let index = self.add(item);
        self.stack.push(index);
    }

    fn add(&mut self, item: Item) -> Index {
        self.items.push(item);
        self.items.len() - 1
    }
}

fn pairs(flat: &[Index]) -> Result<Vec<(Index, Index)>, ParseError> {
    if flat.len() % 2 == 1 {
        return Err("the pickle contains a key without a value");
    }
    Ok(flat
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect())
}
