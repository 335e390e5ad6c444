"""The bytes of a user's file: a regular file of bearable size, unpacked where it is compressed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

from amortize.errors import DataError, listing, quoted

LARGEST = 1 << 30  # bytes, after unpacking
MEBIBYTE = 1 << 20
ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second is empty
TAR = (257, b"ustar")
WORKBOOK = "xl/workbook.xml"  # the member that makes a zip file an Excel file
# What the readers of packed files raise on damaged ones.
DAMAGE = (OSError, EOFError, ValueError, RuntimeError, zlib.error, struct.error)
DAMAGE += (lzma.LZMAError, zipfile.BadZipFile)
# What tables are found in, or mistaken for, that is not read; by the first bytes of the file.
FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old or encrypted Excel file; save it as .xlsx or CSV",
    b"\x28\xb5\x2f\xfd": "packed with zstandard; unpack it first",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive; unpack it first",
    b"Rar!": "a RAR archive; unpack it first",
    b"\x93NUMPY": "a NumPy array; in Python give it to predict()",
    b"ARROW1": "a Feather file; write the table as Parquet or CSV",
    b"\x89HDF": "an HDF5 file; export the table as CSV",
    b"SQLite format 3": "an SQLite database; export the table as CSV",
    b"%PDF": "a PDF file; export the table as CSV",
    b"\x89PNG": "a picture; give the table that it shows",
    b"$FL2": "an SPSS file; export the table as CSV",
    b"<stata_dta>": "a Stata file; export the table as CSV",
    b"<!DOCTYPE": "an HTML page; download the table itself",
    b"<!doctype": "an HTML page; download the table itself",
    b"<html": "an HTML page; download the table itself",
    b"<?xml": "an XML file; export the table as CSV",
}


def read_bytes(path: str | Path) -> bytes:
    """The content of a file, unpacked if it is packed with gzip, bzip2, xz or zip.

    Raises:
        DataError: the file cannot be read, is too large, damaged, or in a format that is not read.
    """
    path = Path(path)
    try:
        mode, size = path.stat().st_mode, path.stat().st_size
        if stat.S_ISDIR(mode):
            raise DataError(f"{quoted(path)} is a directory; give a file")
        if not stat.S_ISREG(mode):
            raise DataError(f"{quoted(path)} is not a regular file; save the table to a file")
        _check_size(path, size)
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{quoted(path)} does not exist; check the path") from error
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{quoted(path)} is no path ({error}); correct it") from error
    except OSError as error:
        raise DataError(
            f"{quoted(path)} cannot be read ({error.strerror}); check its path and permissions"
        ) from error
    data = _unpacked(path, data)
    for magic, kind in FOREIGN.items():
        if data.lstrip()[: len(magic)] == magic or data.startswith(magic):
            raise DataError(f"{quoted(path)} is {kind}")
    if data[TAR[0] :].startswith(TAR[1]):
        raise DataError(f"{quoted(path)} is a tar archive; unpack it first")
    return data


def is_workbook(data: bytes) -> bool:
    """Whether the bytes are an Excel file (.xlsx, .xlsm)."""
    if not data.startswith(ZIP):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return WORKBOOK in archive.namelist()
    except zipfile.BadZipFile:
        return False


def _unpacked(path: Path, data: bytes) -> bytes:
    streams: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
    try:
        for magic, opened in streams.items():
            if data.startswith(magic):
                with opened(io.BytesIO(data)) as stream:
                    return _limited(path, stream)
        if data.startswith(ZIP):
            return _unzipped(path, data)
    except DataError:
        raise
    except DAMAGE as error:
        raise DataError(
            f"{quoted(path)} is damaged and cannot be unpacked ({error}); copy it again"
        ) from error
    return data


def _unzipped(path: Path, data: bytes) -> bytes:
    """The only file in an archive; an Excel file, which is an archive as well, stays packed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        # Writers of archives on macOS add a second file of attributes for each.
        members = [
            member
            for member in archive.infolist()
            if not member.is_dir() and not member.filename.startswith("__MACOSX/")
        ]
        names = [member.filename for member in members]
        _check_size(path, sum(member.file_size for member in members))
        if WORKBOOK in names:
            return data
        if "mimetype" in names:
            raise DataError(f"{quoted(path)} is an OpenDocument file; save it as .xlsx or CSV")
        if len(members) != 1:
            raise DataError(
                f"{quoted(path)} holds {len(members)} files ({listing(names, 3)}); "
                "unpack it and give the one with the table"
            )
        if members[0].flag_bits & 1:
            raise DataError(f"{quoted(path)} is locked with a password; unpack it first")
        with archive.open(members[0]) as stream:
            return _limited(path, stream)


def _limited(path: Path, stream: IO[bytes]) -> bytes:
    """Everything in the stream, read in pieces so that a small file cannot fill the memory."""
    pieces, size = [], 0
    while piece := stream.read(MEBIBYTE):
        pieces.append(piece)
        size += len(piece)
        _check_size(path, size)
    return b"".join(pieces)


def _check_size(path: Path, size: int) -> None:
    if size > LARGEST:
        raise DataError(
            f"{quoted(path)} holds {size / MEBIBYTE:,.0f} MiB or more, at most "
            f"{LARGEST / MEBIBYTE:,.0f} are read; take a random part of its rows"
        )
