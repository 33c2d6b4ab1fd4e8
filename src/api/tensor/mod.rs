//! Construction and inspection of tensors.
//!
//! The default dtype is f32; `#{ dtype: "f64" }` selects another. When dtypes differ, f64 takes
//! precedence over f32, and f32 over integers. A plain number takes the dtype of the tensor it is
//! combined with.

pub mod args;
pub mod grad;
pub mod index;
mod index_args;
pub mod linear;
pub mod lists;
pub mod masked;
pub mod math;
pub mod reduce;
pub mod shape;
pub mod statistics;
pub mod structure;
pub mod trigonometry;

use self::args::{
    DtypeChoice, Number, Operand, Receiver, TensorList, TensorOptions, broadcast_operands,
};
use self::lists::{item_value, nested_list, tensor_from_value};
use crate::api::context::Context;
use crate::api::options::CallOptions;
use crate::api::value::Value;
use crate::tensor::shape::{broadcast, total_elements};
use crate::tensor::{DType, Device, Tensor, arith, convert, indexing, pointwise};

crate::natives! {
    /// Tensors: arrays of numbers with any number of axes.
    module "";

    /// A tensor from a number, nested lists of numbers, or another tensor.
    ///
    /// Nested lists must be rectangular; lists of unequal length are an error.
    ///
    /// > tensor([[1, 2], [3, 4]])
    /// = tensor [2, 2] f32 [[1, 2], [3, 4]]
    fn tensor(cx: &Context, values: Value, options: CallOptions<TensorOptions>) -> Tensor {
        tensor_from_value(cx, values, options.dtype.dtype())
    }

    /// A tensor of zeros with the given shape.
    ///
    /// > zeros([2, 3])
    /// = tensor [2, 3] f32 [[0, 0, 0], [0, 0, 0]]
    fn zeros(cx: &Context, shape: Vec<usize>, options: CallOptions<TensorOptions>) -> Tensor {
        cx.check_memory("zeros", &shape, options.dtype.dtype())?;
        Ok(Tensor::zeros(shape, options.dtype.dtype(), &Device::Cpu)?)
    }

    /// A tensor of ones with the given shape.
    ///
    /// > ones(2, #{ dtype: "f64" })
    /// = tensor [2] f64 [1, 1]
    fn ones(cx: &Context, shape: Vec<usize>, options: CallOptions<TensorOptions>) -> Tensor {
        cx.check_memory("ones", &shape, options.dtype.dtype())?;
        Ok(Tensor::ones(shape, options.dtype.dtype(), &Device::Cpu)?)
    }

    /// A tensor of the given shape filled with `value`.
    ///
    /// > full([3], 0.5)
    /// = tensor [3] f32 [0.5, 0.5, 0.5]
    fn full(
        cx: &Context, shape: Vec<usize>, value: Number, options: CallOptions<TensorOptions>,
    ) -> Tensor {
        cx.check_memory("full", &shape, DType::F64)?;
        match (value, options.dtype.dtype()) {
            (Number::Int(n), DType::I64) => Ok(Tensor::full(n, shape, &Device::Cpu)?),
            (value, dtype) => {
                let full = Tensor::full(value.float(), shape, &Device::Cpu)?;
                Ok(full.to_dtype(dtype)?)
            }
        }
    }

    /// A tensor of zeros with the shape and the dtype of `t`.
    ///
    /// > zeros_like(tensor([[5, 6]]))
    /// = tensor [1, 2] f32 [[0, 0]]
    fn zeros_like(cx: &Context, t: Tensor) -> Tensor {
        cx.check_memory("zeros_like", t.dims(), t.dtype())?;
        Ok(Tensor::zeros(t.dims(), t.dtype(), &Device::Cpu)?)
    }

    /// A tensor of ones with the shape and the dtype of `t`.
    ///
    /// > ones_like(tensor([[5, 6]]))
    /// = tensor [1, 2] f32 [[1, 1]]
    fn ones_like(cx: &Context, t: Tensor) -> Tensor {
        cx.check_memory("ones_like", t.dims(), t.dtype())?;
        Ok(Tensor::ones(t.dims(), t.dtype(), &Device::Cpu)?)
    }

    /// A tensor filled with `value`, with the shape and the dtype of `t`.
    ///
    /// > full_like(tensor([5, 6]), 0.5)
    /// = tensor [2] f32 [0.5, 0.5]
    fn full_like(cx: &Context, t: Tensor, value: Operand) -> Tensor {
        cx.check_memory("full_like", t.dims(), t.dtype())?;
        let zeros = Tensor::zeros(t.dims(), t.dtype(), &Device::Cpu)?;
        let (_, value) = Operand::from(zeros.clone()).to_tensors(&value)?;
        Ok(crate::tensor::select::assign(&zeros, &[], &value)?)
    }

    /// The n x n identity matrix.
    ///
    /// > eye(2)
    /// = tensor [2, 2] f32 [[1, 0], [0, 1]]
    fn eye(cx: &Context, n: usize, options: CallOptions<TensorOptions>) -> Tensor {
        cx.check_memory("eye", &[n, n], options.dtype.dtype())?;
        Ok(Tensor::eye(n, options.dtype.dtype(), &Device::Cpu)?)
    }

    /// `count` evenly spaced values from `first` to `last`, both included.
    ///
    /// > linspace(0, 1, 5)
    /// = tensor [5] f32 [0, 0.25, 0.5, 0.75, 1]
    fn linspace(
        cx: &Context, first: f64, last: f64, count: usize, options: CallOptions<TensorOptions>,
    ) -> Tensor {
        cx.check_memory("linspace", &[count], DType::F64)?;
        let values = convert::linspace(first, last, count);
        Ok(convert::from_f64(values, &[count], options.dtype.dtype())?)
    }

    /// Evenly spaced values from `first` (included) to `limit` (excluded), with spacing `step`
    /// (default 1). With one number, the values from 0 to this number.
    ///
    /// A step of 0 and infinite limits are an error.
    ///
    /// > [arange(3), arange(1, 7, 2, #{ dtype: "i64" })]
    /// = [tensor [3] f32 [0, 1, 2], tensor [3] i64 [1, 3, 5]]
    fn arange(
        cx: &Context, first: Number, limit: Option<Number>, step: Option<Number>,
        options: CallOptions<TensorOptions>,
    ) -> Tensor {
        let (first, limit) = limit.map_or((Number::Int(0), first), |limit| (first, limit));
        let dtype = options.dtype.dtype();
        let exact = (first, limit, step.unwrap_or(Number::Int(1)), dtype);
        use Number::Int;
        if let (Int(first), Int(limit), Int(step @ 1..), DType::I64) = exact {
            let count = (i128::from(limit) - i128::from(first)).max(0) as usize;
            let count = count.div_ceil(step as usize);
            cx.check_memory("arange", &[count], DType::I64)?;
            let values = (first..limit).step_by(step as usize).collect();
            return Ok(convert::from_i64(values, &[count])?);
        }
        let (first, limit) = (first.float(), limit.float());
        let step = step.map_or(1.0, Number::float);
        let count = convert::arange_len(first, limit, step);
        if step == 0.0 || !count.is_finite() {
            return Err(crate::base::Error::Range {
                of: "arange".into(),
                name: "step".into(),
                expected: "a number other than 0, with finite limits".into(),
                found: step.to_string(),
            }.into());
        }
        let count = count as usize;
        cx.check_memory("arange", &[count], DType::F64)?;
        let values = (0..count).map(|i| first + i as f64 * step).collect();
        Ok(convert::from_f64(values, &[count], dtype)?)
    }

    /// The tensors joined along an existing `axis` (default 0).
    ///
    /// All shapes must be equal except along this axis.
    ///
    /// > cat([tensor([1, 2]), tensor([3])])
    /// = tensor [3] f32 [1, 2, 3]
    fn cat(cx: &Context, parts: TensorList, axis: Option<i64>) -> Tensor {
        let shapes: Vec<&[usize]> = parts.0.iter().map(Tensor::dims).collect();
        cx.check_memory("cat", &[total_elements(&shapes)], DType::F64)?;
        Ok(indexing::cat(&parts.0, axis.unwrap_or(0))?)
    }

    /// The tensors joined along a new `axis` (default 0).
    ///
    /// All shapes must be equal.
    ///
    /// > stack([tensor([1, 2]), tensor([3, 4])], 1)
    /// = tensor [2, 2] f32 [[1, 3], [2, 4]]
    fn stack(cx: &Context, parts: TensorList, axis: Option<i64>) -> Tensor {
        let first = parts.0.first().map_or(&[][..], Tensor::dims);
        cx.check_memory("stack", &[&[parts.0.len()], first].concat(), DType::F64)?;
        Ok(indexing::stack(&parts.0, axis.unwrap_or(0))?)
    }

    /// The elements of `yes` where `mask` is nonzero, and those of `no` elsewhere.
    ///
    /// The three arguments broadcast against each other.
    ///
    /// > where(tensor([1, 0]), 5, tensor([7, 8]))
    /// = tensor [2] f32 [5, 8]
    fn where_(cx: &Context, mask: Tensor, yes: Operand, no: Operand) -> Tensor {
        let (yes, no) = broadcast_operands(cx, "where", &yes, &no)?;
        let shape = broadcast("where", yes.dims(), no.dims())?;
        let shape = broadcast("where", mask.dims(), &shape)?;
        cx.check_memory("where", &shape, arith::promote(yes.dtype(), no.dtype()))?;
        Ok(arith::where_cond(&mask, &yes, &no)?)
    }

    /// The size of each axis.
    ///
    /// > zeros([2, 3]).shape()
    /// = [2, 3]
    fn shape(this: Tensor) -> Vec<usize> { Ok(this.dims().to_vec()) }

    /// The number of axes.
    ///
    /// > zeros([2, 3]).rank()
    /// = 2
    fn rank(this: Tensor) -> usize { Ok(this.rank()) }

    /// The total number of elements.
    ///
    /// > zeros([2, 3]).size()
    /// = 6
    fn size(this: Tensor) -> usize { Ok(this.elem_count()) }

    /// The size of the first axis; 1 for a scalar.
    ///
    /// > zeros([2, 3]).length()
    /// = 2
    fn length(this: Tensor) -> usize { Ok(this.dims().first().copied().unwrap_or(1)) }

    /// The dtype: f32, f64, i64 or u8.
    ///
    /// > zeros(2).dtype()
    /// = f32
    fn dtype(this: Tensor) -> String { Ok(this.dtype().as_str().into()) }

    /// The device that stores the elements: `cpu`, or a GPU such as `cuda:0`.
    ///
    /// > zeros(2).device()
    /// = cpu
    fn device(this: Tensor) -> String {
        Ok(match this.device().location() {
            candle_core::DeviceLocation::Cpu => "cpu".into(),
            candle_core::DeviceLocation::Cuda { gpu_id } => format!("cuda:{gpu_id}"),
            candle_core::DeviceLocation::Metal { gpu_id } => format!("metal:{gpu_id}"),
        })
    }

    /// The tensor converted to "f32", "f64", "i64" or "u8".
    ///
    /// Conversion to an integer dtype truncates towards 0.
    ///
    /// > tensor([1.7, -1.7]).to_dtype("i64")
    /// = tensor [2] i64 [1, -1]
    fn to_dtype(cx: &Context, this: Tensor, dtype: String) -> Tensor {
        use crate::base::options::Choice;
        let mut choice = DtypeChoice::F32;
        if !choice.select(&dtype) {
            return Err(crate::base::Error::Unknown {
                of: "to_dtype".into(),
                category: "dtype",
                name: dtype,
                known: choice.names().iter().map(|name| name.to_string()).collect(),
            }.into());
        }
        cx.check_memory("to_dtype", this.dims(), choice.dtype())?;
        Ok(this.to_dtype(choice.dtype())?)
    }

    /// The tensor converted to f32.
    ///
    /// > ones(1, #{ dtype: "f64" }).f32()
    /// = tensor [1] f32 [1]
    fn f32(this: Tensor) -> Tensor { Ok(this.to_dtype(DType::F32)?) }

    /// The tensor converted to f64.
    ///
    /// > ones(1).f64()
    /// = tensor [1] f64 [1]
    fn f64(cx: &Context, this: Tensor) -> Tensor {
        cx.check_memory("f64", this.dims(), DType::F64)?;
        Ok(this.to_dtype(DType::F64)?)
    }

    /// The elements as nested lists of plain numbers.
    ///
    /// > tensor([[1, 2], [3, 4]]).to_list()
    /// = [[1.0, 2.0], [3.0, 4.0]]
    fn to_list(cx: &Context, this: Tensor) -> Value {
        let axes = 1..=this.rank();
        let values = axes.map(|axes| this.dims()[..axes].iter().product::<usize>());
        cx.check_list_memory("to_list", values.fold(0, usize::saturating_add))?;
        nested_list(&this.detach())
    }

    /// The value of a tensor with exactly one element, as a plain number.
    ///
    /// Any other number of elements is an error. The result carries no gradient.
    ///
    /// > tensor([1, 2]).sum().item()
    /// = 3.0
    fn item(this: Tensor) -> Value { item_value(&this) }

    /// Whether both tensors have the same shape and equal elements. In Lua also written `a == b`.
    ///
    /// > tensor([1, 2]).equal(tensor([1, 2]))
    /// = true
    fn equal(this: Receiver, other: Operand) -> bool {
        let (l, r) = this.0.to_tensors(&other)?;
        Ok(pointwise::array_equal(&l, &r)?)
    }
}
