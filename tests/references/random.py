"""Generates random.h5 and integrator.h5 with JAX 0.10.2 on the CPU (rng.h5 was generated the same way in single
precision)."""

import h5py
import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)


# Giles 2010, "Approximating the erfinv function", double precision.
# erfinv(x) / x in w - 3.125, for w < 6.25.
MIDDLE = np.array([
    -3.64441206401782e-21,
    -1.6850591381820166e-19,
    1.28584807152564e-18,
    1.1157877678025181e-17,
    -1.333171662854621e-16,
    2.0972767875968562e-17,
    6.637638134358324e-15,
    -4.054566272975207e-14,
    -8.151934197605472e-14,
    2.6335093153082323e-12,
    -1.2975133253453532e-11,
    -5.415412054294628e-11,
    1.0512122733215323e-09,
    -4.112633980346984e-09,
    -2.9070369957882005e-08,
    4.2347877827932404e-07,
    -1.3654692000834679e-06,
    -1.3882523362786469e-05,
    0.00018673420803405714,
    -0.000740702534166267,
    -0.006033670871430149,
    0.24015818242558962,
    1.6536545626831027,
], np.longdouble)
# ... in sqrt(w) - 3.25, for w from 6.25 to 16.
TAIL = np.array([
    2.2137376921775787e-09,
    9.075656193888539e-08,
    -2.7517406297064545e-07,
    1.8239629214389228e-08,
    1.5027403968909828e-06,
    -4.013867526981546e-06,
    2.9234449089955446e-06,
    1.2475304481671779e-05,
    -4.7318229009055734e-05,
    6.828485145957318e-05,
    2.4031110387097894e-05,
    -0.0003550375203628475,
    0.0009532893797373805,
    -0.0016882755560235047,
    0.002491442096107851,
    -0.003751208507569241,
    0.005370914553590064,
    1.0052589676941592,
    3.0838856104922208,
], np.longdouble)


def trial(key, bias, noise, duration, steps, dtype):
    keys = jax.random.split(key, 3)
    mean = bias * 2.0 * (jax.random.normal(keys[1], (1,), dtype)[0] - 0.5)
    noise = noise / np.sqrt(duration / steps) * jax.random.normal(keys[2], (steps,), dtype)
    x = mean + noise
    return x[:, None], jnp.cumsum(x)[:, None]


def exact_normal(key, n):
    """The same normal samples, computed in extended precision except for the uniform sample and its square."""
    wide = np.longdouble
    u = np.asarray(jax.random.uniform(key, (n,), jnp.float64, np.nextafter(-1.0, 0.0), 1.0))
    w = -np.log1p(-(u * u).astype(wide))
    middle = np.polyval(MIDDLE, w - 3.125)
    tail = np.polyval(TAIL, np.sqrt(w) - 3.25)
    assert w.max() < 16
    return (np.where(w < 6.25, middle, tail) * u * np.sqrt(wide(2))).astype(np.float64)


with h5py.File("random.h5", "w") as draws, h5py.File("integrator.h5", "w") as tasks:
    for layout in ("partitionable", "original"):
        jax.config.update("jax_threefry_partitionable", layout == "partitionable")
        key = jax.random.key(42)
        group = draws.create_group(layout)
        group["normal_1001_f64"] = jax.random.normal(key, (1001,), jnp.float64)
        group["normal_1001_f64_exact"] = exact_normal(key, 1001)
        group["uniform_15_f64"] = jax.random.uniform(key, (15,), jnp.float64)
        group["uniform_-2_3_15_f32"] = jax.random.uniform(key, (15,), jnp.float32, -2.0, 3.0)
        group["uniform_-2_3_15_f64"] = jax.random.uniform(key, (15,), jnp.float64, -2.0, 3.0)
        group["bernoulli_0.3_20_f64"] = jax.random.bernoulli(key, 0.3, (20,)).astype(np.uint8)
        group["randint_wide_i32"] = jax.random.randint(key, (20,), -(2**31), 2**31 - 1, jnp.int32)
        group["permutation_10"] = jax.random.permutation(key, 10)
        group["permutation_2001"] = jax.random.permutation(key, 2001)
        group["key_2^32+5"] = jax.random.key_data(jax.random.key(2**32 + 5))
        # Enough elements for several threads; only the start, the middle and the end are stored.
        many = np.asarray(jax.random.bits(key, (200_001,), jnp.uint32))
        group["bits_200001_parts"] = np.stack([many[:9], many[99_996:100_005], many[-9:]])
        s = jax.random.key(695940)
        for dtype in (jnp.float32, jnp.float64):
            one = lambda k: trial(k, 0.01, 0.025, 1.0, 25, dtype)
            x, y = jax.vmap(one)(jax.random.split(s, 8))
            tasks[f"{layout}/{jnp.dtype(dtype).name}/inputs"] = x
            tasks[f"{layout}/{jnp.dtype(dtype).name}/targets"] = y
