//! HDF5 types: the parts of the type of an entry, and the memory types for reading it.

use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_uint, c_void};
use std::sync::OnceLock;

use ::hdf5::sync::sync;
use ::hdf5::{Datatype, Error, Result, from_id};
use hdf5_sys::h5::{H5free_memory, herr_t};
use hdf5_sys::h5i::hid_t;
use hdf5_sys::h5t;
use hdf5_sys::h5t::{H5T_bkg_t, H5T_cdata_t, H5T_class_t, H5T_cmd_t, H5T_sign_t, H5T_str_t};

use super::{identifier, status};

/// Bytes in a file of a text or list of varying length: its length, the address of a heap and the
/// index of an object in it.
pub const HEAP_ID: usize = 16;
/// Bytes of a reference to an object: its address.
pub const REFERENCE: usize = 8;

/// The parts of a type.
#[derive(Debug)]
pub enum Class {
    Integer { signed: bool },
    Float,
    Text { variable: bool, padding: Padding },
    Bits,
    Opaque { tag: String },
    Compound(Vec<(String, Datatype)>),
    ObjectReference,
    OtherReference,
    Enum { base: Datatype, names: Vec<String> },
    List { item: Datatype },
    Array { item: Datatype, shape: Vec<usize> },
    Other,
}

/// How a text that is shorter than its place ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// The text ends at the first 0.
    Terminated,
    /// Zeros fill the place.
    Zeros,
    /// Spaces fill the place.
    Spaces,
}

/// The class of a type, with the types inside it.
pub fn class(dtype: &Datatype) -> Result<Class> {
    let id = dtype.id();
    // SAFETY: the identifier is of a type, which `dtype` keeps open.
    let class = sync(|| unsafe { h5t::H5Tget_class(id) });
    Ok(match class {
        H5T_class_t::H5T_INTEGER => Class::Integer {
            // SAFETY: as above; the type is an integer.
            signed: sync(|| unsafe { h5t::H5Tget_sign(id) }) == H5T_sign_t::H5T_SGN_2,
        },
        H5T_class_t::H5T_FLOAT => Class::Float,
        H5T_class_t::H5T_STRING => text(id),
        H5T_class_t::H5T_BITFIELD => Class::Bits,
        H5T_class_t::H5T_OPAQUE => Class::Opaque { tag: tag(id) },
        H5T_class_t::H5T_COMPOUND => Class::Compound(fields(id)?),
        H5T_class_t::H5T_REFERENCE => match is_object_reference(id) {
            true => Class::ObjectReference,
            false => Class::OtherReference,
        },
        H5T_class_t::H5T_ENUM => Class::Enum {
            base: base(id)?,
            names: members(id)?,
        },
        H5T_class_t::H5T_VLEN => Class::List { item: base(id)? },
        H5T_class_t::H5T_ARRAY => Class::Array {
            item: base(id)?,
            shape: array_shape(id)?,
        },
        _ => Class::Other,
    })
}

/// Bytes that any reader sees as they are.
pub fn opaque(bytes: usize) -> Result<Datatype> {
    // SAFETY: makes a new type.
    owned(|| unsafe { h5t::H5Tcreate(H5T_class_t::H5T_OPAQUE, bytes) })
}

/// A field of bits of 1, 2, 4 or 8 bytes in this machine's order.
pub fn bits(bytes: usize) -> Result<Datatype> {
    // SAFETY: copies a type that the library holds for as long as it is open.
    owned(|| unsafe {
        h5t::H5Tcopy(match bytes {
            1 => *h5t::H5T_NATIVE_B8,
            2 => *h5t::H5T_NATIVE_B16,
            4 => *h5t::H5T_NATIVE_B32,
            _ => *h5t::H5T_NATIVE_B64,
        })
    })
}

/// A record of named fields at their offsets.
pub fn compound(bytes: usize, fields: &[(String, usize, Datatype)]) -> Result<Datatype> {
    // SAFETY: makes a new type.
    let record = owned(|| unsafe { h5t::H5Tcreate(H5T_class_t::H5T_COMPOUND, bytes.max(1)) })?;
    for (name, offset, field) in fields {
        let name = CString::new(name.as_str()).map_err(|_| Error::from("a field with NUL"))?;
        // SAFETY: both identifiers are open types, `name` a C string.
        status(|| unsafe { h5t::H5Tinsert(record.id(), name.as_ptr(), *offset, field.id()) })?;
    }
    Ok(record)
}

/// An array of fixed shape inside a type.
pub fn array(item: &Datatype, shape: &[usize]) -> Result<Datatype> {
    let dims: Vec<u64> = shape.iter().map(|size| *size as u64).collect();
    // SAFETY: `dims` has as many sizes as the rank that is passed.
    owned(|| unsafe { h5t::H5Tarray_create2(item.id(), dims.len() as c_uint, dims.as_ptr()) })
}

/// Lets heap identifiers and references be read as the bytes that stand in the file. The library
/// would follow a damaged length first, and allocate up to 4 GiB for it.
pub fn register() -> Result<()> {
    static DONE: OnceLock<Result<()>> = OnceLock::new();
    DONE.get_or_init(|| {
        let raw = opaque(HEAP_ID)?;
        // SAFETY: makes a new type of one that the library holds.
        let list = owned(|| unsafe { h5t::H5Tvlen_create(*h5t::H5T_NATIVE_INT) })?;
        // SAFETY: copies a type that the library holds.
        let reference = owned(|| unsafe { h5t::H5Tcopy(*h5t::H5T_STD_REF_OBJ) })?;
        for source in [list, reference] {
            let (name, soft) = (c"as_stored".as_ptr(), h5t::H5T_pers_t::H5T_PERS_SOFT);
            // SAFETY: `as_stored` has the signature of a conversion and lives for ever.
            status(|| unsafe {
                h5t::H5Tregister(soft, name, source.id(), raw.id(), Some(as_stored))
            })?;
        }
        Ok(())
    })
    .clone()
}

/// A conversion that leaves the bytes as they are; it exists between types of one size.
extern "C" fn as_stored(
    source: hid_t,
    to: hid_t,
    data: *mut H5T_cdata_t,
    _: usize,
    _: usize,
    _: usize,
    _: *mut c_void,
    _: *mut c_void,
    _: hid_t,
) -> herr_t {
    // SAFETY: the library hands over a record that it owns, and identifiers of open types.
    unsafe {
        if (*data).command == H5T_cmd_t::H5T_CONV_INIT {
            (*data).need_bkg = H5T_bkg_t::H5T_BKG_NO;
            if h5t::H5Tget_size(source) != h5t::H5Tget_size(to) {
                return -1;
            }
        }
    }
    0
}

fn owned(call: impl FnOnce() -> hid_t) -> Result<Datatype> {
    let id = identifier(call)?;
    // SAFETY: the identifier is new and of a type; the value owns it from here on.
    unsafe { from_id(id) }
}

fn text(id: hid_t) -> Class {
    // SAFETY: the identifier is of an open type of text.
    let (variable, padding) =
        sync(|| unsafe { (h5t::H5Tis_variable_str(id), h5t::H5Tget_strpad(id)) });
    Class::Text {
        variable: variable > 0,
        padding: match padding {
            H5T_str_t::H5T_STR_NULLPAD => Padding::Zeros,
            H5T_str_t::H5T_STR_SPACEPAD => Padding::Spaces,
            _ => Padding::Terminated,
        },
    }
}

fn tag(id: hid_t) -> String {
    // SAFETY: the identifier is of an open opaque type.
    sync(|| taken(unsafe { h5t::H5Tget_tag(id) })).unwrap_or_default()
}

fn base(id: hid_t) -> Result<Datatype> {
    // SAFETY: the identifier is of an open type that has a base.
    owned(|| unsafe { h5t::H5Tget_super(id) })
}

fn is_object_reference(id: hid_t) -> bool {
    // SAFETY: both identifiers are of open types.
    sync(|| unsafe { h5t::H5Tequal(id, *h5t::H5T_STD_REF_OBJ) }) > 0
}

fn members(id: hid_t) -> Result<Vec<String>> {
    // SAFETY: the identifier is of an open type with members.
    let count = sync(|| unsafe { h5t::H5Tget_nmembers(id) });
    let name = |index: c_uint| {
        // SAFETY: as above, and the index is below the count.
        let name = sync(|| taken(unsafe { h5t::H5Tget_member_name(id, index) }));
        name.ok_or_else(|| Error::from("a member without a name"))
    };
    (0..count.max(0) as c_uint).map(name).collect()
}

fn fields(id: hid_t) -> Result<Vec<(String, Datatype)>> {
    let fields = members(id)?.into_iter().enumerate();
    let field = |(index, name): (usize, String)| {
        // SAFETY: the identifier is of an open compound with more members than `index`.
        let dtype = owned(|| unsafe { h5t::H5Tget_member_type(id, index as c_uint) })?;
        Ok((name, dtype))
    };
    fields.map(field).collect()
}

fn array_shape(id: hid_t) -> Result<Vec<usize>> {
    /// The most axes that HDF5 has.
    const AXES: usize = 32;
    let mut dims = [0_u64; AXES];
    // SAFETY: the identifier is of an open array type; `dims` has room for the most axes.
    let rank = sync(|| unsafe { h5t::H5Tget_array_dims2(id, dims.as_mut_ptr()) });
    let rank = usize::try_from(rank).map_err(|_| Error::from("an array type without axes"))?;
    Ok(dims.iter().take(rank).map(|size| *size as usize).collect())
}

/// A text that the library allocated, which it then takes back.
fn taken(text: *mut c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the library returns a C string that is ours to hand back.
    unsafe {
        let copy = CStr::from_ptr(text).to_string_lossy().into_owned();
        H5free_memory(text.cast());
        Some(copy)
    }
}
