//! Python's pickles, as far as they are data: a machine that builds values and calls nothing.
//!
//! Values stand in one list and speak of each other by place. One that is remembered is so never
//! copied, a chain of them is freed without recursion, and each takes at least a byte of the file.
//! (candle's reader copies, allocates what a length claims, and panics on a short tuple.)

use std::collections::HashMap;

use super::bytes::Bytes;

/// The place of a value in its pickle.
pub type Place = usize;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// What weights have no use for: nothing, truth values, real numbers, bytes, and integers that
    /// 64 bits do not hold.
    Other,
    Whole(i64),
    Text(String),
    /// A class or function, as `module.name`.
    Class(String),
    Tuple(Vec<Place>),
    /// A list or a set.
    List(Vec<Place>),
    Dict(Vec<(Place, Place)>),
    /// What calling `by` with `from` would give.
    Made {
        by: Place,
        from: Place,
    },
    /// What the pickle's writer keeps elsewhere under this name.
    Kept(Place),
}

/// A pickle that was read to its end.
#[derive(Debug)]
pub struct Pickle {
    items: Vec<Item>,
    root: Place,
}

/// Why a pickle cannot be read.
pub type Broken = &'static str;

const EMPTY: Broken = "the pickle takes a value that it has not made";

/// Dictionaries under other names; their contents follow as those of a plain one.
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
    /// The value in these bytes; what stands behind it is left alone.
    pub fn parse(bytes: &[u8]) -> Result<Pickle, Broken> {
        Pickle::parse_first(bytes).map(|(pickle, _)| pickle)
    }

    /// The first value in these bytes, and the bytes behind it.
    pub fn parse_first(bytes: &[u8]) -> Result<(Pickle, &[u8]), Broken> {
        let mut machine = Machine {
            bytes: Bytes(bytes),
            items: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
        };
        while machine.step()? {}
        let root = machine.pop()?;
        let items = machine.items;
        Ok((Pickle { items, root }, machine.bytes.0))
    }

    pub fn root(&self) -> Place {
        self.root
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn item(&self, place: Place) -> &Item {
        &self.items[place]
    }
}

struct Machine<'a> {
    bytes: Bytes<'a>,
    items: Vec<Item>,
    stack: Vec<Place>,
    /// Where in the stack the open brackets are.
    marks: Vec<usize>,
    memo: HashMap<u64, Place>,
}

impl Machine<'_> {
    /// Carries out one instruction; false at the end. Names are those of Python's `pickletools`.
    fn step(&mut self) -> Result<bool, Broken> {
        let code = self.bytes.byte()?;
        match code {
            b'.' => return Ok(false),
            b'(' => self.marks.push(self.stack.len()),
            b'2' => self.push(self.top()?), // DUP
            b'p' | b'q' | b'r' | 0x94 => self.remember(code)?,
            b'g' | b'h' | b'j' => self.recall(code)?,
            b'b' => self.build()?,
            0x80 | 0x95 | b'0' | b'1' => self.pass(code)?,
            b'a' | b's' | b'e' | b'u' | 0x90 => self.extend(code)?,
            _ => {
                let item = self.made(code)?;
                self.push_new(item);
            }
        }
        Ok(true)
    }

    /// What says nothing about the value at the end.
    fn pass(&mut self, code: u8) -> Result<(), Broken> {
        match code {
            0x80 => self.bytes.take(1).map(|_| ()), // PROTO
            0x95 => self.bytes.take(8).map(|_| ()), // FRAME
            b'1' => self.since_mark().map(|_| ()),  // POP_MARK
            _ => self.pop().map(|_| ()),            // POP
        }
    }

    /// BUILD: a value's attributes, which are only of use in a parsed command line.
    fn build(&mut self) -> Result<(), Broken> {
        let (attributes, top) = (self.pop()?, self.top()?);
        let Item::Made { by, .. } = &self.items[top] else {
            return Ok(());
        };
        let namespace = matches!(&self.items[*by], Item::Class(name) if name == NAMESPACE);
        if let (true, Item::Dict(entries)) = (namespace, &self.items[attributes]) {
            self.items[top] = Item::Dict(entries.clone());
        }
        Ok(())
    }

    /// The value that an instruction makes.
    fn made(&mut self, code: u8) -> Result<Item, Broken> {
        Ok(match code {
            b'N' | 0x88 | 0x89 => Item::Other, // NONE, NEWTRUE, NEWFALSE
            b'G' => {
                self.bytes.take(8)?; // BINFLOAT
                Item::Other
            }
            b'B' | b'C' | 0x8e | 0x96 => {
                self.counted(code)?; // bytes of some length
                Item::Other
            }
            b'K' | b'M' | b'J' | 0x8a | 0x8b => {
                self.integer(code)?.map_or(Item::Other, Item::Whole)
            }
            b'I' | b'L' | b'F' | b'S' | b'V' | b'P' => self.line(code)?,
            b'i' | b'o' => self.instance(code)?,
            0x82..=0x84 => {
                self.bytes.take(1 << (code - 0x82))?; // EXT1, EXT2, EXT4: classes by number
                Item::Other
            }
            b'X' | b'U' | b'T' | 0x8c | 0x8d => {
                Item::Text(String::from_utf8_lossy(self.counted(code)?).into_owned())
            }
            b'c' => {
                let module = self.bytes.line()?;
                Item::Class(format!("{module}.{}", self.bytes.line()?))
            }
            0x93 => self.class_on_stack()?, // STACK_GLOBAL
            b')' | b't' | 0x85..=0x87 => Item::Tuple(self.several(code)?),
            b']' | 0x8f => Item::List(Vec::new()), // EMPTY_LIST, EMPTY_SET
            b'l' | 0x91 => Item::List(self.since_mark()?), // LIST, FROZENSET
            b'}' => Item::Dict(Vec::new()),
            b'd' => Item::Dict(pairs(&self.since_mark()?)?),
            b'R' | 0x81 => self.call()?, // REDUCE, NEWOBJ
            0x92 => {
                self.pop()?; // NEWOBJ_EX: named arguments
                self.call()?
            }
            b'Q' => Item::Kept(self.pop()?), // BINPERSID
            _ => return Err("the pickle has an instruction that is not known"),
        })
    }

    /// Puts what an instruction gathers into the value below it. Only lists and dictionaries take
    /// anything: what is put into an object of some class is not looked at.
    fn extend(&mut self, code: u8) -> Result<(), Broken> {
        let new = match code {
            b'a' => vec![self.pop()?],
            b's' => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.since_mark()?,
        };
        let top = self.top()?;
        match &mut self.items[top] {
            Item::List(items) => items.extend(new),
            Item::Dict(entries) => entries.extend(pairs(&new)?),
            _ => {}
        }
        Ok(())
    }

    fn call(&mut self) -> Result<Item, Broken> {
        let (from, by) = (self.pop()?, self.pop()?);
        Ok(match &self.items[by] {
            Item::Class(name) if DICTS.contains(&name.as_str()) => Item::Dict(Vec::new()),
            _ => Item::Made { by, from },
        })
    }

    fn class_on_stack(&mut self) -> Result<Item, Broken> {
        let (name, module) = (self.pop()?, self.pop()?);
        match (&self.items[module], &self.items[name]) {
            (Item::Text(module), Item::Text(name)) => Ok(Item::Class(format!("{module}.{name}"))),
            _ => Err("the pickle names a class by something else than text"),
        }
    }

    /// The members of a tuple.
    fn several(&mut self, code: u8) -> Result<Vec<Place>, Broken> {
        let count = match code {
            b')' => 0,
            b't' => return self.since_mark(),
            _ => usize::from(code - 0x84), // TUPLE1, TUPLE2, TUPLE3
        };
        let start = self.stack.len().checked_sub(count).ok_or(EMPTY)?;
        Ok(self.stack.split_off(start))
    }

    /// A value that stands in a line of text, as in protocol 0.
    fn line(&mut self, code: u8) -> Result<Item, Broken> {
        let line = self.bytes.line()?;
        Ok(match code {
            b'I' | b'L' => {
                let digits = line.trim_end_matches('L');
                digits.parse().map_or(Item::Other, Item::Whole)
            }
            b'S' => Item::Text(line.trim_matches(['\'', '"']).into()),
            b'V' => Item::Text(line),
            _ => Item::Other, // FLOAT, and PERSID: PyTorch's are tuples, which are no text
        })
    }

    /// An object of the arguments since the mark: its class is named (INST) or the first (OBJ).
    fn instance(&mut self, code: u8) -> Result<Item, Broken> {
        let mut from = self.since_mark()?;
        let by = match code {
            b'i' => {
                let module = self.bytes.line()?;
                let class = Item::Class(format!("{module}.{}", self.bytes.line()?));
                self.add(class)
            }
            _ if from.is_empty() => return Err(EMPTY),
            _ => from.remove(0),
        };
        let from = self.add(Item::Tuple(from));
        Ok(Item::Made { by, from })
    }

    fn integer(&mut self, code: u8) -> Result<Option<i64>, Broken> {
        let (size, signed) = match code {
            b'K' => (1, false),
            b'M' => (2, false),
            b'J' => (4, true),
            0x8a => (self.bytes.size(1)?, true),
            _ => (self.bytes.size(4)?, true),
        };
        self.bytes.integer(size, signed)
    }

    /// The bytes behind their number.
    fn counted(&mut self, code: u8) -> Result<&[u8], Broken> {
        let size = match code {
            b'U' | b'C' | 0x8c => self.bytes.size(1)?,
            b'X' | b'T' | b'B' => self.bytes.size(4)?,
            _ => self.bytes.size(8)?,
        };
        self.bytes.take(size)
    }

    fn remember(&mut self, code: u8) -> Result<(), Broken> {
        let name = match code {
            0x94 => self.memo.len() as u64,
            b'p' => self.name_in_line()?,
            _ => self.name(code == b'q')?,
        };
        let top = self.top()?;
        self.memo.insert(name, top);
        Ok(())
    }

    fn recall(&mut self, code: u8) -> Result<(), Broken> {
        let name = match code {
            b'g' => self.name_in_line()?,
            _ => self.name(code == b'h')?,
        };
        let place = self.memo.get(&name).copied();
        self.push(place.ok_or("the pickle recalls a value that it has not made")?);
        Ok(())
    }

    fn name(&mut self, short: bool) -> Result<u64, Broken> {
        Ok(self.bytes.size(if short { 1 } else { 4 })? as u64)
    }

    fn name_in_line(&mut self) -> Result<u64, Broken> {
        let name = self.bytes.line()?.parse();
        name.map_err(|_| "the pickle remembers a value without a number")
    }

    fn since_mark(&mut self) -> Result<Vec<Place>, Broken> {
        let mark = self
            .marks
            .pop()
            .ok_or("the pickle closes a bracket that is not open")?;
        // What came after the mark may have been taken one by one.
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn top(&self) -> Result<Place, Broken> {
        self.stack.last().copied().ok_or(EMPTY)
    }

    fn pop(&mut self) -> Result<Place, Broken> {
        self.stack.pop().ok_or(EMPTY)
    }

    fn push(&mut self, place: Place) {
        self.stack.push(place);
    }

    fn push_new(&mut self, item: Item) {
        let place = self.add(item);
        self.stack.push(place);
    }

    fn add(&mut self, item: Item) -> Place {
        self.items.push(item);
        self.items.len() - 1
    }
}

fn pairs(flat: &[Place]) -> Result<Vec<(Place, Place)>, Broken> {
    if flat.len() % 2 == 1 {
        return Err("the pickle has a key without a value");
    }
    Ok(flat
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect())
}
