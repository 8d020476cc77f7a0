"""lmdbfile.py - reads and damages the replica's file, octet by octet

SPDX-License-Identifier: BSD-2-Clause
"""
import contextlib
import ctypes
import ctypes.util
import struct

SEAL = struct.Struct('=QII')  # checksum, size, the name of the next key: common/replica/checksum.h
WORD = (1 << 64) - 1
NOSUBDIR, CREATE = 0x4000, 0x40000
NOTFOUND = -30798


class Value(ctypes.Structure):
    _fields_ = [('size', ctypes.c_size_t), ('data', ctypes.c_void_p)]

    @staticmethod
    def of(octets):
        buffer = ctypes.create_string_buffer(octets, len(octets))
        return Value(len(octets), ctypes.cast(buffer, ctypes.c_void_p)), buffer

    def octets(self):
        return ctypes.string_at(self.data, self.size)


_lmdb = ctypes.CDLL(ctypes.util.find_library('lmdb') or 'liblmdb.so.0')
_lmdb.mdb_strerror.restype = ctypes.c_char_p


def call(name, *arguments, ok=(0,)):
    rc = getattr(_lmdb, name)(*arguments)
    if rc not in ok:
        raise OSError(f'{name}: {_lmdb.mdb_strerror(rc).decode()}')
    return rc


def murmur(octets, seed):
    """MurmurHash64A."""
    factor = 0xc6a4a7935bd1e995
    result = seed ^ len(octets) * factor & WORD
    whole = len(octets) // 8 * 8
    for word, in struct.iter_unpack('<Q', octets[:whole]):
        word = word * factor & WORD
        word = (word ^ word >> 47) * factor & WORD
        result = (result ^ word) * factor & WORD
    if octets[whole:]:
        result = (result ^ int.from_bytes(octets[whole:], 'little')) * factor & WORD
    result = (result ^ result >> 47) * factor & WORD
    return result ^ result >> 47


def checksum(file_number, table, key, sealed):
    return murmur(sealed[8:], murmur(key, file_number ^ ord(table)))


class Table:
    """One table of a file that no other process has open, within one transaction."""

    def __init__(self, txn, dbi):
        self._txn, self._dbi = txn, dbi

    def get(self, key):
        """None if there is no such key."""
        name, _kept = Value.of(key)
        value = Value()
        found = call('mdb_get', self._txn, self._dbi, ctypes.byref(name), ctypes.byref(value),
                     ok=(0, NOTFOUND)) == 0
        return value.octets() if found else None

    def put(self, key, octets):
        name, _kept = Value.of(key)
        value, _kept_too = Value.of(octets)
        call('mdb_put', self._txn, self._dbi, ctypes.byref(name), ctypes.byref(value), 0)

    def get_sealed(self, key):
        """A value without its checksum, which must be right; for 'meta'."""
        sealed = self.get(key)
        assert SEAL.unpack_from(sealed) == (checksum(self._number(), 'm', key, sealed),
                                            len(sealed), 0)
        return sealed[SEAL.size:]

    def put_sealed(self, key, octets):
        sealed = SEAL.pack(0, SEAL.size + len(octets), 0) + octets
        total = checksum(self._number(), 'm', key, sealed)
        self.put(key, struct.pack('=Q', total) + sealed[8:])

    def _number(self):
        return struct.unpack('=IIQ', self.get(b'format'))[2]


@contextlib.contextmanager
def table(path, name):
    """with table(path, 'meta') as meta: changes are committed at the end."""
    env, txn, dbi = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_uint()
    call('mdb_env_create', ctypes.byref(env))
    call('mdb_env_set_maxdbs', env, 8)
    call('mdb_env_set_mapsize', env, ctypes.c_size_t(64 << 20))
    call('mdb_env_open', env, str(path).encode(), NOSUBDIR, 0o640)
    try:
        call('mdb_txn_begin', env, None, 0, ctypes.byref(txn))
        call('mdb_dbi_open', txn, name.encode(), CREATE, ctypes.byref(dbi))
        yield Table(txn, dbi)
        call('mdb_txn_commit', txn)
    finally:
        _lmdb.mdb_env_close(env)


def make_empty(path):
    """Make an empty LMDB file."""
    env = ctypes.c_void_p()
    call('mdb_env_create', ctypes.byref(env))
    call('mdb_env_open', env, str(path).encode(), NOSUBDIR, 0o640)
    _lmdb.mdb_env_close(env)
