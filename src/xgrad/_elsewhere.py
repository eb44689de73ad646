"""What to use for names that other libraries have and xgrad has not.

Each line of a table says what to use, and for which names. It is read when a name is missing."""

from __future__ import annotations

__all__ = ["no_name"]

_TABLES = {
    "xgrad": """
        xg.asarray: array tensor as_tensor from_numpy Array
        xg.asarray(x, copy=True): copy clone
        xg.permute_dims, or xg.matrix_transpose: transpose permute
        xg.concat: concatenate cat
        xg.matmul, or the operator @: dot mm bmm
        xg.vecdot: inner
        xg.reshape(x, (-1,)): ravel flatten
        xg.stack, or xg.concat: vstack hstack dstack column_stack
        xg.expand_dims: unsqueeze
        xg.astype: cast
        xg.take: gather index_select
        x[i, j]: gather_nd
        x[mask]: boolean_mask masked_select
        x.at[i].add(updates), or xg.scatter: scatter_nd scatter_add index_add segment_sum
        xg.abs: absolute
        xg.pow, or the operator **: power
        xg.remainder, or the operator %: mod fmod
        xg.asin: arcsin
        xg.acos: arccos
        xg.atan: arctan
        xg.atan2: arctan2
        xg.asinh: arcsinh
        xg.acosh: arccosh
        xg.atanh: arctanh
        xg.sum: reduce_sum nansum
        xg.mean: reduce_mean nanmean
        xg.max: reduce_max amax
        xg.min: reduce_min amin
        xg.prod: reduce_prod
        xg.all: reduce_all
        xg.any: reduce_any
        xg.std: reduce_std
        xg.var: reduce_variance variance
        xg.logsumexp: reduce_logsumexp
        xg.cumulative_sum: cumsum
        xg.cumulative_prod: cumprod
        xg.arange: range
        xg.special.erf: erf
        xg.special.erfc: erfc
        xg.special.gammaln: gammaln lgamma
        xg.special.digamma: digamma
        xg.linalg.outer: outer
        xg.linalg.trace: trace
        xg.linalg.det: det
        xg.linalg.inv: inv
        xg.linalg.solve: solve
        xg.linalg.svd: svd
        xg.linalg.qr: qr
        xg.linalg.eigh: eigh
        xg.linalg.cholesky: cholesky
        xg.linalg.cross: cross
        xg.linalg.kron: kron
        xg.nn.relu: relu
        xg.nn.sigmoid: sigmoid
        xg.nn.softmax: softmax
        xg.nn.log_softmax: log_softmax
        xg.nn.softplus: softplus
        xg.nn.gelu: gelu
        xg.nn.silu: silu swish
        xg.nn.leaky_relu: leaky_relu
        xg.nn.one_hot: one_hot
        xg.nn.dropout: dropout
        xg.nn.initializers: initializers
        functions of xg.nn, and Variables of your own: Module Model Sequential layers keras
        xg.Variable: Parameter
        xg.optimizers: optim Adam AdamW SGD RMSprop LBFGS train
        xg.random: key PRNGKey
        xg.random.normal: randn
        xg.random.uniform: rand
        xg.random.seed: manual_seed set_random_seed set_seed
        xg.data.Batches: Dataset DataLoader
        xg.function: jit
        xg.stop_gradient, or tape.stop_recording(): no_grad stop_grad
        xg.value_and_grad: value_and_gradient
        xg.custom_gradient: custom_vjp custom_jvp primitive defvjp
        xg.checkpoint: remat
        xg.scan with length=: fori_loop
        xg.vmap, or xg.scan: map map_fn vectorized_map
        xg.cond, xg.while_loop and xg.scan: lax
        xg.grad of the sum: elementwise_grad
        xg.vjp: make_vjp
        xg.jvp: make_jvp
        xg.hvp: make_hvp hessian_vector_product
        xg.tree.map: tree_map
        xg.to_device: device_put
        the dtype "float16": float16 half
        the dtype "bfloat16": bfloat16
        NumPy's functions, which take Tensors: numpy np
        np.split, which takes Tensors: split
        np.array_split, which takes Tensors: chunk array_split
        np.median, which takes Tensors: median
        np.percentile, which takes Tensors: percentile
        np.quantile, which takes Tensors: quantile
        np.average, which takes Tensors: average
        np.interp, which takes Tensors: interp
        np.trapezoid, which takes Tensors: trapezoid trapz
        np.convolve, which takes Tensors: convolve
        np.gradient, which takes Tensors: gradient
        np.swapaxes, which takes Tensors: swapaxes
        np.heaviside, which takes Tensors: heaviside
        np.histogram, which takes Tensors: histogram
        np.argwhere, which takes Tensors: argwhere
        np.allclose, which takes Tensors: allclose
        np.array_equal, which takes Tensors: array_equal
        np.cov, which takes Tensors: cov
        """,
    "xgrad.nn": """
        xg.nn.linear, and Variables of your own: Linear Dense Module Sequential Parameter
        xg.nn.conv, along any number of axes: conv1d conv2d conv3d Conv1d Conv2d depthwise_conv2d
        xg.nn.conv_transpose: conv2d_transpose conv_transpose2d ConvTranspose2d
        xg.nn.max_pool: max_pool1d max_pool2d MaxPool2d
        xg.nn.avg_pool: avg_pool1d avg_pool2d AvgPool2d
        xg.nn.batch_norm: BatchNorm1d BatchNorm2d batch_normalization
        xg.nn.layer_norm: LayerNorm
        xg.nn.dropout: Dropout
        xg.nn.embedding: Embedding embedding_lookup
        xg.nn.lstm_cell and xg.scan: LSTM LSTMCell
        xg.nn.gru_cell and xg.scan: GRU GRUCell
        xg.nn.attention: scaled_dot_product_attention MultiheadAttention
        xg.nn.relu: ReLU
        xg.nn.gelu: GELU
        xg.nn.silu: swish SiLU
        xg.tanh: tanh
        xg.nn.sparse_softmax_cross_entropy: cross_entropy CrossEntropyLoss nll_loss sparse_softmax_cross_entropy_with_logits
        xg.nn.softmax_cross_entropy: softmax_cross_entropy_with_logits categorical_crossentropy
        xg.nn.sigmoid_cross_entropy: binary_cross_entropy binary_cross_entropy_with_logits sigmoid_cross_entropy_with_logits
        xg.nn.mean_squared_error: mse_loss mse MSELoss
        xg.nn.mean_absolute_error: l1_loss mae
        xg.nn.huber: smooth_l1_loss huber_loss
        xg.nn.kl_divergence: kl_div
        """,
    "xgrad.random": """
        xg.random.normal: randn standard_normal
        xg.random.uniform: rand random
        xg.random.integers: randint
        xg.random.permutation: shuffle
        xg.random.choice: categorical multinomial
        xg.random.seed: manual_seed set_seed
        xg.random.Generator, which has a state: PRNGKey key split default_rng RandomState
        """,
    "xgrad.fft": """
        xg.fft.fftn with axes=(-2, -1): fft2
        xg.fft.ifftn with axes=(-2, -1): ifft2
        xg.fft.rfftn with axes=(-2, -1): rfft2
        xg.fft.irfftn with axes=(-2, -1): irfft2
        """,
    "xgrad.linalg": """
        xg.linalg.slogdet: logdet
        xg.linalg.solve_triangular: triangular_solve
        xg.linalg.solve_triangular, twice: cho_solve cholesky_solve
        xg.linalg.lu: lu_factor
        xg.matmul: dot matvec mv
        xg.vecdot: inner
        xg.diag: diag
        xg.tril, or xg.triu: band_part
        """,
}


def no_name(module: str, name: str) -> AttributeError:
    """Make the error for a name that a module has not."""
    text = f"module {module!r} has no attribute {name!r}"
    for line in _TABLES[module].split("\n"):
        advice, _, names = line.strip().rpartition(": ")
        if name in names.split():
            return AttributeError(f"{text}. Use {advice}.")
    return AttributeError(text)
