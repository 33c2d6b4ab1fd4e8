//! Names that users know from other programs, or from earlier versions, and the names of this
//! program for the same concept. Every "did you mean" consults this table before it searches for
//! similar spellings, which would suggest `pinv` for `inv`, and `flip` for `clip`.

/// A name of this program, and the other names of the concept. A foreign name can occur in several
/// rows; the first row whose name is valid in the context applies.
pub type Row = (&'static str, &'static [&'static str]);

/// The table, by subject. Names are compared without regard to case and underscores.
pub const SYNONYMS: &[Row] = &[
    // Tensors: NumPy, JAX, PyTorch.
    ("tensor", &["array", "asarray", "arr", "jnp", "np", "torch"]),
    ("shape", &["dims", "sizes"]),
    ("rank", &["ndim", "dim"]),
    ("size", &["numel", "nelem"]),
    (
        "to_dtype",
        &["astype", "type", "to", "float", "double", "half", "cast"],
    ),
    ("to_list", &["tolist", "numpy", "list"]),
    ("item", &["scalar", "value"]),
    ("reshape", &["view", "resize"]),
    ("flatten", &["ravel"]),
    ("transpose", &["t", "swapaxes", "swapdims", "mT"]),
    ("permute", &["moveaxis", "movedim"]),
    ("unsqueeze", &["expand_dims", "newaxis"]),
    ("broadcast_to", &["expand", "expand_as", "repeat", "tile"]),
    (
        "cat",
        &[
            "concatenate",
            "concat",
            "hstack",
            "vstack",
            "append",
            "join",
        ],
    ),
    ("where", &["choose", "select"]),
    ("argwhere", &["places", "nonzero", "find"]),
    ("slice_assign", &["put", "index_put", "assign", "set_slice"]),
    ("slice", &["narrow", "getitem", "dynamic_slice"]),
    (
        "take",
        &["gather", "index_select", "pick", "take_along_axis"],
    ),
    ("clamp", &["clip"]),
    ("pow", &["power"]),
    ("mul", &["multiply"]),
    ("div", &["divide", "true_divide"]),
    ("sub", &["subtract"]),
    ("rem", &["remainder", "mod", "fmod"]),
    ("neg", &["negative"]),
    ("abs", &["absolute", "fabs"]),
    ("eq", &["equal"]),
    ("ne", &["not_equal"]),
    ("lt", &["less"]),
    ("le", &["less_equal"]),
    ("gt", &["greater"]),
    ("ge", &["greater_equal"]),
    ("is_nan", &["isnan"]),
    ("is_finite", &["isfinite", "isinf"]),
    (
        "check_near",
        &[
            "allclose",
            "isclose",
            "assert_close",
            "assert_allclose",
            "near",
        ],
    ),
    ("sigmoid", &["expit", "logistic"]),
    ("max", &["amax"]),
    ("min", &["amin"]),
    ("mean", &["average", "nanmean"]),
    ("variance", &["var", "nanvar"]),
    ("quantile", &["percentile"]),
    ("prod", &["product"]),
    ("histogram", &["hist", "bincount"]),
    ("matmul", &["dot", "mm", "bmm", "mv", "einsum"]),
    ("inverse", &["inv"]),
    ("eigenvalues", &["eigvals", "linalg_eigvals"]),
    ("eigh", &["eigvalsh"]),
    ("svd", &["svdvals", "singular_values"]),
    ("det", &["determinant", "slogdet"]),
    ("keepdims", &["keep", "keepdim"]),
    ("grad", &["backward", "jacfwd", "jacrev", "autograd"]),
    ("print", &["println", "printf", "echo"]),
    ("kind_of", &["type_of", "typeof", "isinstance"]),
    ("args", &["argv", "params"]),
    // Random numbers: JAX, NumPy, PyTorch.
    (
        "key",
        &["PRNGKey", "rng", "default_rng", "manual_seed", "generator"],
    ),
    ("normal", &["randn", "standard_normal", "gaussian"]),
    ("uniform", &["rand", "random"]),
    ("randint", &["integers"]),
    ("permutation", &["shuffle", "randperm"]),
    ("choice", &["sample", "multinomial"]),
    ("seed", &["key", "random_state", "random_seed"]),
    // Networks: PyTorch, JAX, pyrnn.
    (
        "run",
        &["forward", "call", "apply", "predict", "batched_rnn_run"],
    ),
    (
        "num_params",
        &["count", "num_parameters", "numel", "n_params"],
    ),
    ("params", &["state_dict", "parameters", "weights"]),
    (
        "load_params",
        &["load_state_dict", "set_params", "load_weights"],
    ),
    ("save", &["dump", "savefig", "save_model"]),
    ("load", &["restore", "from_file", "load_model"]),
    (
        "read",
        &["load", "loadtxt", "genfromtxt", "read_csv", "loadmat"],
    ),
    (
        "write",
        &[
            "save",
            "savez",
            "savez_compressed",
            "savetxt",
            "to_csv",
            "savemat",
        ],
    ),
    ("compress", &["compressed"]),
    ("skip_rows", &["skiprows", "skip_header"]),
    ("delimiter", &["sep", "separator"]),
    ("exists", &["isfile", "isdir", "is_file", "path_exists"]),
    ("list", &["listdir", "glob", "ls", "iterdir"]),
    ("mkdir", &["makedirs", "create_dir"]),
    ("vanilla", &["rnn", "simple_rnn", "elman", "tanh"]),
    ("ugrnn", &["update_gate"]),
    ("ctrnn", &["rate", "rate_network", "continuous"]),
    (
        "inputs",
        &[
            "input_size",
            "n_inputs",
            "in_features",
            "num_inputs",
            "n_in",
            "u",
        ],
    ),
    (
        "units",
        &[
            "hidden_size",
            "n_units",
            "hidden",
            "n_hidden",
            "num_units",
            "n_neurons",
            "size",
        ],
    ),
    (
        "outputs",
        &[
            "output_size",
            "n_outputs",
            "out_features",
            "num_outputs",
            "n_out",
            "o",
        ],
    ),
    ("layers", &["num_layers", "n_layers"]),
    ("nonlinearity", &["activation", "f", "phi"]),
    ("gain", &["g", "param_scale", "spectral_radius"]),
    ("noise", &["noise_std", "sigma", "state_noise"]),
    ("h0", &["initial_state", "hx", "init_state"]),
    ("reset", &["reset_gate"]),
    ("update_bias", &["u_bias", "bias"]),
    // Training: Optax, PyTorch, Keras.
    ("lr", &["rate", "learning_rate", "step_size", "alpha"]),
    ("beta1", &["b1", "betas"]),
    ("beta2", &["b2", "betas"]),
    ("epsilon", &["eps"]),
    ("weight_decay", &["decay", "wd"]),
    (
        "l2",
        &["l2reg", "l2_reg", "weight_decay", "l2norm", "l2_weight"],
    ),
    (
        "clip_norm",
        &[
            "clip",
            "max_grad_norm",
            "grad_clip",
            "clip_grad_norm",
            "gradient_clip_val",
        ],
    ),
    ("batch_size", &["batch", "minibatch", "trials_per_batch"]),
    (
        "batches",
        &[
            "epochs",
            "n_epochs",
            "num_batches",
            "n_batches",
            "iterations",
            "n_iter",
            "steps",
        ],
    ),
    (
        "restore",
        &["keep", "restore_best_weights", "save_best_only"],
    ),
    ("patience", &["early_stopping", "stop_patience"]),
    ("log_every", &["print_every", "verbose", "log_interval"]),
    ("on_log", &["callback", "callbacks", "hook"]),
    ("exponential", &["exponential_decay", "ExponentialLR"]),
    ("multi_step", &["MultiStepLR", "step_decay"]),
    ("cosine", &["CosineAnnealingLR", "cosine_decay"]),
    ("plateau", &["ReduceLROnPlateau"]),
    ("adam", &["AdamW", "amsgrad"]),
    ("sgd", &["momentum", "gradient_descent"]),
    ("dataset", &["DataLoader", "TensorDataset"]),
    ("flip_flop", &["three_bit", "three_bit_memory", "flipflop"]),
    // Fixed points: fixed-point-finder, the notebooks, pyrnn.
    (
        "find",
        &[
            "find_fixed_points",
            "search",
            "minimize",
            "FixedPointFinder",
        ],
    ),
    ("candidates", &["initial_states", "inits", "fp_candidates"]),
    (
        "tolerance",
        &[
            "tol",
            "tol_q",
            "tolq",
            "fp_tol",
            "speed_tol",
            "fp_tolerance",
        ],
    ),
    (
        "max_iters",
        &[
            "steps",
            "max_steps",
            "num_opt_steps",
            "max_n_iters",
            "iterations",
        ],
    ),
    ("interpolated", &["between"]),
    (
        "unique_distance",
        &["unique", "tol_unique", "fp_unique", "uniqueness"],
    ),
    (
        "outlier_distance",
        &["outlier", "outlier_distance_scale", "fp_outlier"],
    ),
    ("keep_slow", &["slow"]),
    ("candidate_report", &["ends"]),
    ("counts", &["stages"]),
    ("completeness", &["unseen"]),
    ("with_network", &["of"]),
    ("kind", &["manner"]),
    ("states", &["xstar", "fps", "fixed_points"]),
    ("q", &["qstar"]),
    (
        "modes",
        &[
            "eigenvalues",
            "eigval_J_xstar",
            "stability",
            "is_stable",
            "eigenvectors",
        ],
    ),
    ("jacobians", &["J_xstar", "jacobian", "dFdx_dFdh"]),
    // FORCE and LFADS.
    ("full_force", &["teach"]),
    ("epochs", &["passes", "n_epochs"]),
    ("reset_p", &["anew"]),
    ("alpha", &["P0", "learning_rate"]),
    ("model", &["lfads"]),
    ("channels", &["n_channels", "data_dim", "encod_data_dim"]),
    ("encoder", &["enc_dim", "ic_enc_dim", "ci_enc_dim"]),
    ("controller", &["con_dim"]),
    ("generator", &["gen_dim"]),
    ("factors", &["fac_dim", "latent_dim", "n_factors"]),
    (
        "inferred_inputs",
        &["inferred", "co_dim", "ii_dim", "co_means"],
    ),
    ("initial_conditions", &["initial", "ic", "ic_mean", "g0"]),
    (
        "keep_prob",
        &["keep", "keep_rate", "dropout", "dropout_rate"],
    ),
    ("kl_weight_start", &["kl_first", "kl_min"]),
    ("kl_weight_end", &["kl_last", "kl_max"]),
    ("kl_ramp_start", &["kl_from", "kl_warmup_start"]),
    ("kl_ramp_end", &["kl_until", "kl_warmup_end"]),
    // Analysis: scikit-learn, SciPy, nlb_tools.
    (
        "explained_variance_ratio",
        &["ratio", "explained_variance_ratio_"],
    ),
    ("variance", &["explained_variance", "explained_variance_"]),
    ("inverse_transform", &["inverse"]),
    ("transform", &["project", "fit_transform"]),
    ("components", &["n_components", "components_"]),
    ("fit", &["PCA", "TSNE", "fit_transform"]),
    ("r2", &["r_squared", "r2_score"]),
    ("r2_correlation", &["correlation_squared", "pearsonr"]),
    ("bits_per_spike", &["bps", "co_bps"]),
    (
        "smooth",
        &["gaussian_filter1d", "gaussian_filter", "smoothing"],
    ),
    ("deviation", &["sigma", "kernel_sd"]),
    // Figures: Matplotlib.
    ("lines", &["plot", "line"]),
    ("scatter", &["points"]),
    ("image", &["imshow", "matshow"]),
    ("heatmap", &["pcolormesh", "pcolor"]),
    ("grid", &["subplots", "subplot", "figure"]),
    ("x_label", &["xlabel", "set_xlabel"]),
    ("y_label", &["ylabel", "set_ylabel"]),
    ("z_label", &["zlabel", "set_zlabel"]),
    ("colour_label", &["colorbar", "color_label"]),
    ("x_limits", &["limits_x", "xlim", "set_xlim"]),
    ("y_limits", &["limits_y", "ylim", "set_ylim"]),
    ("z_limits", &["limits_z", "zlim", "set_zlim"]),
    (
        "colour_limits",
        &["limits_colour", "clim", "vmin", "vmax", "color_limits"],
    ),
    ("colour", &["color", "c"]),
    ("log_x", &["semilogx", "xscale", "set_xscale"]),
    ("log_y", &["semilogy", "yscale", "set_yscale"]),
    ("title", &["suptitle", "set_title"]),
    ("vline", &["vertical", "axvline"]),
    ("hline", &["horizontal", "axhline"]),
    ("annotate", &["note", "text"]),
    ("band", &["fill_between", "axvspan"]),
    ("equal_aspect", &["axis_equal", "set_aspect"]),
    ("trajectories", &["plot3D", "Axes3D", "trajectory"]),
    ("arrows", &["quiver"]),
    ("view", &["show"]),
];

/// The valid name with the same meaning as `name`, if the table contains one.
pub fn lookup<'a>(name: &str, valid: &[&'a str]) -> Option<&'a str> {
    let name = normalize(last_segment(name));
    let rows = SYNONYMS
        .iter()
        .filter(|(_, others)| others.iter().any(|other| normalize(other) == name));
    rows.flat_map(|(ours, _)| valid.iter().find(|known| last_segment(known) == *ours))
        .next()
        .copied()
}

/// A name without its module or object.
fn last_segment(path: &str) -> &str {
    path.rsplit(['.', ':']).next().unwrap_or(path)
}

fn normalize(name: &str) -> String {
    name.to_lowercase().replace('_', "")
}
