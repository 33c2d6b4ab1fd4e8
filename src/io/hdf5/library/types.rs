//! HDF5 types: introspection of the type of an entry, and memory types for reading it.

use std::ffi::CStr;
use std::os::raw::{c_char, c_uint, c_void};
use std::sync::OnceLock;

use ::hdf5::sync::sync;
use ::hdf5::{Datatype, Error, Result, from_id};
use hdf5_sys::h5::{H5free_memory, herr_t};
use hdf5_sys::h5i::hid_t;
use hdf5_sys::h5t;
use hdf5_sys::h5t::{H5T_bkg_t, H5T_cdata_t, H5T_class_t, H5T_cmd_t, H5T_sign_t, H5T_str_t};

use super::call::{identifier, status};
use super::data;
use super::names::{c_name, escape};

/// Size in a file of a variable-length value: its length, the address of a heap and an object
/// index.
pub const HEAP_ID: usize = 16;
/// Size in a file of an object reference: its address.
pub const REFERENCE: usize = 8;

/// A type with its components.
#[derive(Debug)]
pub enum Class {
    Integer {
        signed: bool,
    },
    Float,
    Text {
        variable: bool,
        padding: Padding,
    },
    Bits,
    Opaque {
        tag: String,
    },
    Compound(Vec<(String, Datatype)>),
    ObjectReference,
    OtherReference,
    Enum {
        base: Datatype,
        members: Vec<(String, i64)>,
    },
    List {
        item: Datatype,
    },
    Array {
        item: Datatype,
        shape: Vec<usize>,
    },
    Other,
}

/// Padding of fixed-length text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// The text ends at the first NUL.
    Terminated,
    /// Padded with zeros.
    Zeros,
    /// Padded with spaces.
    Spaces,
}

/// The class of a type, with its component types.
pub fn class(dtype: &Datatype) -> Result<Class> {
    let id = dtype.id();
    // SAFETY: the identifier refers to a type that `dtype` keeps open.
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
            members: enum_members(id)?,
        },
        H5T_class_t::H5T_VLEN => Class::List { item: base(id)? },
        H5T_class_t::H5T_ARRAY => Class::Array {
            item: base(id)?,
            shape: array_shape(id)?,
        },
        _ => Class::Other,
    })
}

/// Uninterpreted bytes.
pub fn opaque(bytes: usize) -> Result<Datatype> {
    // SAFETY: creates a new type.
    owned(|| unsafe { h5t::H5Tcreate(H5T_class_t::H5T_OPAQUE, bytes) })
}

/// A bit field of 1, 2, 4 or 8 bytes in native byte order.
pub fn bits(bytes: usize) -> Result<Datatype> {
    // SAFETY: copies a predefined type of the library.
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
    // SAFETY: creates a new type.
    let record = owned(|| unsafe { h5t::H5Tcreate(H5T_class_t::H5T_COMPOUND, bytes.max(1)) })?;
    for (name, offset, field) in fields {
        let name = c_name(name)?;
        // SAFETY: both identifiers refer to open types, and `name` is a C string.
        status(|| unsafe { h5t::H5Tinsert(record.id(), name.as_ptr(), *offset, field.id()) })?;
    }
    Ok(record)
}

/// An array type of fixed shape.
pub fn array(item: &Datatype, shape: &[usize]) -> Result<Datatype> {
    let dims: Vec<u64> = shape.iter().map(|size| *size as u64).collect();
    // SAFETY: `dims` has as many sizes as the rank.
    owned(|| unsafe { h5t::H5Tarray_create2(item.id(), dims.len() as c_uint, dims.as_ptr()) })
}

/// Allows heap identifiers and references to be read as stored. The library would resolve them
/// first, and allocate up to 4 GiB for a damaged length.
pub fn register() -> Result<()> {
    static DONE: OnceLock<Result<()>> = OnceLock::new();
    DONE.get_or_init(|| {
        let raw = opaque(HEAP_ID)?;
        // SAFETY: creates a new type from a predefined one.
        let list = owned(|| unsafe { h5t::H5Tvlen_create(*h5t::H5T_NATIVE_INT) })?;
        // SAFETY: copies a predefined type.
        let reference = owned(|| unsafe { h5t::H5Tcopy(*h5t::H5T_STD_REF_OBJ) })?;
        for source in [list, reference] {
            let (name, soft) = (c"as_stored".as_ptr(), h5t::H5T_pers_t::H5T_PERS_SOFT);
            // SAFETY: `as_stored` has the signature of a conversion and is a static function.
            status(|| unsafe {
                h5t::H5Tregister(soft, name, source.id(), raw.id(), Some(as_stored))
            })?;
        }
        Ok(())
    })
    .clone()
}

/// A conversion that leaves the bytes unchanged, for types of equal size.
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
    // SAFETY: the library passes a record that it owns, and identifiers of open types.
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
    // SAFETY: the identifier is new and refers to a type; the value owns it.
    unsafe { from_id(id) }
}

fn text(id: hid_t) -> Class {
    // SAFETY: the identifier refers to an open text type.
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
    // SAFETY: the identifier refers to an open opaque type.
    sync(|| take_text(unsafe { h5t::H5Tget_tag(id) })).unwrap_or_default()
}

fn base(id: hid_t) -> Result<Datatype> {
    // SAFETY: the identifier refers to an open type with a base type.
    owned(|| unsafe { h5t::H5Tget_super(id) })
}

fn is_object_reference(id: hid_t) -> bool {
    // SAFETY: both identifiers refer to open types.
    sync(|| unsafe { h5t::H5Tequal(id, *h5t::H5T_STD_REF_OBJ) }) > 0
}

fn members(id: hid_t) -> Result<Vec<String>> {
    // SAFETY: the identifier refers to an open type with members.
    let count = sync(|| unsafe { h5t::H5Tget_nmembers(id) });
    let name = |index: c_uint| {
        // SAFETY: as above, and the index is below the count.
        let name = sync(|| take_text(unsafe { h5t::H5Tget_member_name(id, index) }));
        name.ok_or_else(|| Error::from("a member without a name"))
    };
    (0..count.max(0) as c_uint).map(name).collect()
}

/// The members of an enumeration with their values.
fn enum_members(id: hid_t) -> Result<Vec<(String, i64)>> {
    /// Size of the largest integer type.
    const BYTES: usize = 8;
    let (base, integer) = (base(id)?, Datatype::from_type::<i64>()?);
    let value = |index: usize| -> Result<i64> {
        if base.size() > BYTES {
            // The element type rejects such an enumeration.
            return Ok(0);
        }
        let mut bytes = [0_u8; BYTES];
        let into = bytes.as_mut_ptr().cast::<c_void>();
        // SAFETY: `into` holds a value of the base type, as checked above.
        status(|| unsafe { h5t::H5Tget_member_value(id, index as c_uint, into) })?;
        data::convert(&base, &integer, 1, &mut bytes)?;
        Ok(i64::from_ne_bytes(bytes))
    };
    let names = members(id)?.into_iter().enumerate();
    names
        .map(|(index, name)| Ok((name, value(index)?)))
        .collect()
}

fn fields(id: hid_t) -> Result<Vec<(String, Datatype)>> {
    let fields = members(id)?.into_iter().enumerate();
    let field = |(index, name): (usize, String)| {
        // SAFETY: the identifier refers to an open compound type with more members than `index`.
        let dtype = owned(|| unsafe { h5t::H5Tget_member_type(id, index as c_uint) })?;
        Ok((name, dtype))
    };
    fields.map(field).collect()
}

fn array_shape(id: hid_t) -> Result<Vec<usize>> {
    /// Maximum number of axes in HDF5.
    const AXES: usize = 32;
    let mut dims = [0_u64; AXES];
    // SAFETY: the identifier refers to an open array type; `dims` holds the maximum number of axes.
    let rank = sync(|| unsafe { h5t::H5Tget_array_dims2(id, dims.as_mut_ptr()) });
    let rank = usize::try_from(rank).map_err(|_| Error::from("an array type without axes"))?;
    Ok(dims.iter().take(rank).map(|size| *size as usize).collect())
}

/// Copies and frees a text that the library allocated.
fn take_text(text: *mut c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the library returns a C string that the caller must free.
    unsafe {
        let copy = escape(CStr::from_ptr(text).to_bytes());
        H5free_memory(text.cast());
        Some(copy)
    }
}
