//! Making tensors, and what they say of themselves.
//!
//! Numbers are f32 unless `#{ dtype: "f64" }` asks for more. Where kinds meet, f64 wins over f32,
//! and f32 over integers; a number written in a script takes the kind of the tensor beside it.

use super::context::Context;
use super::options::CallOptions;
use super::tensor_args::{Making, Number, Parts, Place, Side, Wholes, made, nested, scalar};
use super::value::Value;
use crate::tensor::{DType, Device, Tensor, arith, convert, indexing, pointwise, shape};

crate::natives! {
    /// Tensors: arrays of numbers with any number of axes.
    module "";

    /// A tensor of a number, of nested lists of numbers, or of another tensor's numbers.
    ///
    /// > tensor([[1, 2], [3, 4]])
    /// = tensor [2, 2] f32 [[1, 2], [3, 4]]
    fn tensor(cx: &Context, values: Value, options: CallOptions<Making>) -> Tensor {
        made(cx, values, options.dtype.dtype())
    }

    /// A tensor of zeros.
    ///
    /// > zeros([2, 3])
    /// = tensor [2, 3] f32 [[0, 0, 0], [0, 0, 0]]
    fn zeros(cx: &Context, shape: Vec<usize>, options: CallOptions<Making>) -> Tensor {
        cx.check_memory("zeros", &shape, options.dtype.dtype())?;
        Ok(Tensor::zeros(shape, options.dtype.dtype(), &Device::Cpu)?)
    }

    /// A tensor of ones.
    ///
    /// > ones(2, #{ dtype: "f64" })
    /// = tensor [2] f64 [1, 1]
    fn ones(cx: &Context, shape: Vec<usize>, options: CallOptions<Making>) -> Tensor {
        cx.check_memory("ones", &shape, options.dtype.dtype())?;
        Ok(Tensor::ones(shape, options.dtype.dtype(), &Device::Cpu)?)
    }

    /// A tensor of one number again and again.
    ///
    /// > full([3], 0.5)
    /// = tensor [3] f32 [0.5, 0.5, 0.5]
    fn full(
        cx: &Context, shape: Vec<usize>, value: Number, options: CallOptions<Making>,
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

    /// The matrix with ones on its diagonal and zeros elsewhere.
    ///
    /// > eye(2)
    /// = tensor [2, 2] f32 [[1, 0], [0, 1]]
    fn eye(cx: &Context, n: usize, options: CallOptions<Making>) -> Tensor {
        cx.check_memory("eye", &[n, n], options.dtype.dtype())?;
        Ok(Tensor::eye(n, options.dtype.dtype(), &Device::Cpu)?)
    }

    /// `count` numbers at equal distances, `first` and `last` included.
    ///
    /// > linspace(0, 1, 5)
    /// = tensor [5] f32 [0, 0.25, 0.5, 0.75, 1]
    fn linspace(
        cx: &Context, first: f64, last: f64, count: usize, options: CallOptions<Making>,
    ) -> Tensor {
        cx.check_memory("linspace", &[count], DType::F64)?;
        let values = convert::linspace(first, last, count);
        Ok(convert::from_f64(values, &[count], options.dtype.dtype())?)
    }

    /// Numbers from `first` up to, but without, `limit`, a `step` (1) apart.
    ///
    /// > arange(0, 5)
    /// = tensor [5] f32 [0, 1, 2, 3, 4]
    fn arange(
        cx: &Context, first: Number, limit: Number, step: Option<Number>,
        options: CallOptions<Making>,
    ) -> Tensor {
        let dtype = options.dtype.dtype();
        let exact = (first, limit, step.unwrap_or(Number::Int(1)), dtype);
        use Number::Int;
        if let (Int(first), Int(limit), Int(step @ 1..), DType::I64) = exact {
            let count = (i128::from(limit) - i128::from(first)).max(0) as usize;
            let count = count.div_ceil(step as usize);
            cx.check_memory("arange", &[count], DType::I64)?;
            let numbers = (first..limit).step_by(step as usize).collect();
            return Ok(convert::from_i64(numbers, &[count])?);
        }
        let (first, limit) = (first.float(), limit.float());
        let step = step.map_or(1.0, Number::float);
        let count = convert::arange_len(first, limit, step);
        if step == 0.0 || !count.is_finite() {
            return Err(crate::base::Error::Range {
                of: "arange".into(),
                name: "step".into(),
                expected: "other than 0, with finite ends".into(),
                found: step.to_string(),
            }.into());
        }
        let count = count as usize;
        cx.check_memory("arange", &[count], DType::F64)?;
        let numbers = (0..count).map(|i| first + i as f64 * step).collect();
        Ok(convert::from_f64(numbers, &[count], dtype)?)
    }

    /// Tensors one after another along `axis` (0).
    ///
    /// > cat([tensor([1, 2]), tensor([3])])
    /// = tensor [3] f32 [1, 2, 3]
    fn cat(cx: &Context, parts: Parts, axis: Option<i64>) -> Tensor {
        let shapes: Vec<&[usize]> = parts.0.iter().map(Tensor::dims).collect();
        cx.check_memory("cat", &[shape::total_elements(&shapes)], DType::F64)?;
        Ok(indexing::cat(&parts.0, axis.unwrap_or(0))?)
    }

    /// Tensors of one shape along a new axis (0).
    ///
    /// > stack([tensor([1, 2]), tensor([3, 4])], 1)
    /// = tensor [2, 2] f32 [[1, 3], [2, 4]]
    fn stack(cx: &Context, parts: Parts, axis: Option<i64>) -> Tensor {
        let first = parts.0.first().map_or(&[][..], Tensor::dims);
        cx.check_memory("stack", &[&[parts.0.len()], first].concat(), DType::F64)?;
        Ok(indexing::stack(&parts.0, axis.unwrap_or(0))?)
    }

    /// The numbers of `yes` where `mask` is not 0, those of `no` elsewhere.
    ///
    /// > choose(tensor([1, 0]), 5, tensor([7, 8]))
    /// = tensor [2] f32 [5, 8]
    fn choose(cx: &Context, mask: Tensor, yes: Side, no: Side) -> Tensor {
        let (yes, no) = super::tensor_args::sides(cx, "choose", &yes, &no)?;
        let both = shape::broadcast("choose", yes.dims(), no.dims())?;
        let all = shape::broadcast("choose", mask.dims(), &both)?;
        cx.check_memory("choose", &all, arith::promote(yes.dtype(), no.dtype()))?;
        Ok(arith::where_cond(&mask, &yes, &no)?)
    }

    /// The sizes of the axes.
    ///
    /// > zeros([2, 3]).shape()
    /// = [2, 3]
    fn shape(this: Tensor) -> Vec<usize> { Ok(this.dims().to_vec()) }

    /// How many axes there are.
    ///
    /// > zeros([2, 3]).rank()
    /// = 2
    fn rank(this: Tensor) -> usize { Ok(this.rank()) }

    /// How many numbers there are.
    ///
    /// > zeros([2, 3]).size()
    /// = 6
    fn size(this: Tensor) -> usize { Ok(this.elem_count()) }

    /// The size of the first axis.
    ///
    /// > zeros([2, 3]).length()
    /// = 2
    fn length(this: Tensor) -> usize { Ok(this.dims().first().copied().unwrap_or(1)) }

    /// The kind of number: f32, f64, i64 or u8.
    ///
    /// > zeros(2).dtype()
    /// = f32
    fn dtype(this: Tensor) -> String { Ok(this.dtype().as_str().into()) }

    /// Where the numbers are: `cpu` or `cuda:0`.
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

    /// The same numbers as another kind: "f32", "f64", "i64" (cut towards 0) or "u8".
    ///
    /// > tensor([1.7, -1.7]).to_dtype("i64")
    /// = tensor [2] i64 [1, -1]
    fn to_dtype(cx: &Context, this: Tensor, dtype: String) -> Tensor {
        use crate::base::options::Choice;
        let mut kind = super::tensor_args::Kind::F32;
        if !kind.select(&dtype) {
            return Err(crate::base::Error::Unknown {
                of: "to_dtype".into(),
                category: "kind of number",
                name: dtype,
                known: kind.names().iter().map(|word| word.to_string()).collect(),
            }.into());
        }
        cx.check_memory("to_dtype", this.dims(), kind.dtype())?;
        Ok(this.to_dtype(kind.dtype())?)
    }

    /// The same numbers as f32.
    ///
    /// > ones(1, #{ dtype: "f64" }).f32()
    /// = tensor [1] f32 [1]
    fn f32(this: Tensor) -> Tensor { Ok(this.to_dtype(DType::F32)?) }

    /// The same numbers as f64.
    ///
    /// > ones(1).f64()
    /// = tensor [1] f64 [1]
    fn f64(cx: &Context, this: Tensor) -> Tensor {
        cx.check_memory("f64", this.dims(), DType::F64)?;
        Ok(this.to_dtype(DType::F64)?)
    }

    /// The numbers as nested lists.
    ///
    /// > tensor([[1, 2], [3, 4]]).to_list()
    /// = [[1.0, 2.0], [3.0, 4.0]]
    fn to_list(cx: &Context, this: Tensor) -> Value {
        let axes = 1..=this.rank();
        let values = axes.map(|axes| this.dims()[..axes].iter().product::<usize>());
        cx.check_list_memory("to_list", values.fold(0, usize::saturating_add))?;
        nested(&this.detach())
    }

    /// The number of a tensor that holds one.
    ///
    /// > tensor([1, 2]).sum().item()
    /// = 3.0
    fn item(this: Tensor) -> Value { scalar(&this) }

    /// The part at an index of the first axis, at a list of indices of the first axes, or in a
    /// range; negative indices count from the end. Written `t[i]`. A single number comes out as a
    /// plain number, unless `grad` is following it.
    ///
    /// > let t = tensor([[1, 2], [3, 4]]);
    /// > [t[-1], t[[0, 1]]]
    /// = [tensor [2] f32 [3, 4], 2.0]
    fn index(this: Tensor, place: Place) -> Value {
        let part = match place {
            Place::At(indices) => indexing::at(&this, &indices)?,
            Place::Stretch(from, to) => indexing::slice(&this, 0, from, to, 1)?,
        };
        if part.rank() == 0 && !part.track_op() { scalar(&part) } else { Ok(Value::Tensor(part)) }
    }

    /// The part at these indices of the first axes, as in `t.at([0, 2])`.
    ///
    /// > tensor([[1, 2], [3, 4]]).at([0, 1])
    /// = 2.0
    fn at(this: Tensor, indices: Wholes) -> Tensor { Ok(indexing::at(&this, &indices.0)?) }

    /// Whether both have the same shape and equal numbers. Written `a == b`.
    ///
    /// > tensor([1, 2]) == tensor([1, 2])
    /// = true
    fn same(this: super::tensor_args::Left, other: Side) -> bool {
        let (l, r) = this.0.with(&other)?;
        Ok(pointwise::array_equal(&l, &r)?)
    }

    /// Whether shapes or numbers differ. Written `a != b`.
    ///
    /// > tensor([1, 2]) != tensor([1, 3])
    /// = true
    fn differs(this: super::tensor_args::Left, other: Side) -> bool {
        let (l, r) = this.0.with(&other)?;
        Ok(!pointwise::array_equal(&l, &r)?)
    }
}
