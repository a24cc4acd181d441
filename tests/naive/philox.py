"""Philox4x32-10 in Python's whole numbers, and what the package draws with it."""

M0, M1, W0, W1 = 0xD2511F53, 0xCD9E8D57, 0x9E3779B9, 0xBB67AE85


def philox(counter, key, rounds=10):
    """Four 32-bit words."""
    c, k = list(counter), list(key)
    for _ in range(rounds):
        a, b = M0 * c[0], M1 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b % 2**32, (a >> 32) ^ c[3] ^ k[1], a % 2**32]
        k = [(k[0] + W0) % 2**32, (k[1] + W1) % 2**32]
    return tuple(c)


def uniform(seed, stream, neuron, step, item=0):
    """The number in (0, 1) of the first word."""
    counter = (neuron, step % 2**32, (step >> 32 << 16) | stream, item)
    word = philox(counter, (seed % 2**32, seed >> 32))[0]
    return ((word >> 9) + 0.5) / 2**23
