"""Wrong tables, masks and flags with what the refusal must say: the cases of test_bad_input."""

import gzip
import io
import json
import lzma
import tarfile
import zipfile

GOOD = "a,b\n1.5,2\n2.5,7\n0.5,1\n4.1,8\n3.2,2\n9.3,8\n"
MASK = "a,b\n0,1\n0,0\n0,0\n0,0\n0,0\n0,0\n"
EXPERIMENTS = "a,b,c,site,set,batch\n" + "".join(
    f"{i * 7 % 12}.5,{i * i % 13},{i * 5 % 12}.25,{'nsew'[i % 4]},{'b' * (i % 2)},{i % 2 + 1}\n"
    for i in range(24)
)


def after_header(header: str) -> str:
    return header + "\n" + GOOD.split("\n", 1)[1]


def archive(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return buffer.getvalue()


def locked(content: bytes) -> bytes:
    """An archive whose file is marked as encrypted, in its local and its central header."""
    start = content.index(b"PK\x01\x02")
    return (
        content[:6]
        + bytes([content[6] | 1])
        + content[7 : start + 8]
        + bytes([content[start + 8] | 1])
        + content[start + 9 :]
    )


def tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        packed.addfile(tarfile.TarInfo("t.csv"), io.BytesIO())
    return buffer.getvalue()


def declared(shape: str) -> bytes:
    """The head of a NumPy file that declares an array of that shape."""
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head


# name: (content, what the line must say)
TABLES: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "is empty"),
    "blank": ("\n  \n\n", "is empty"),
    "a byte-order mark alone": (b"\xef\xbb\xbf", "is empty"),
    "header only": ("a,b\n", "header but no rows"),
    "comments only": ("# nothing\n# here\n", "header but no rows"),
    "no header": (GOOD.split("\n", 1)[1], "no header"),
    "no header, with labels": ("1.5,2\n" * 6, "no header"),
    "four rows": ("\n".join(GOOD.split("\n")[:5]), "4 rows"),
    "rows and columns swapped": (
        ",".join(f"v{j}" for j in range(1200))
        + "\n"
        + "".join(",".join(f"{i * j * 7 % 11}.5" for j in range(1, 1201)) + "\n" for i in range(6)),
        "1091 variables, at most 1000 can be read",
    ),
    "one column": ("a\n1\n7\n3\n4\n9\n2\n", "1 usable column"),
    "one usable column": (GOOD.replace(",2", ",7").replace(",1", ",7").replace(",8", ",7"), "'b'"),
    "text only": ("a,b\nu,x\nv,y\nw,z\nu,y\nv,x\nq,w\n", "no usable column"),
    "numbers with signs only": (
        "a,b\n" + "".join(f"{i * i} %,${i + 3}\n" for i in range(7)),
        "numbers written as text ('0 %')",
    ),
    "ids and dates only": (
        "id,day\n" + "\n".join(f"{i},2024-01-0{i}" for i in range(1, 8)),
        "no usable column",
    ),
    "all missing": ("a,b\n" + ",\n" * 6, "no usable column"),
    "rows without a value": ("a,b\n1,2\n2,1\n" + ",\n" * 5, "only 2 rows hold a value"),
    "duplicate names": (
        after_header("a,a"),
        "'a' stands twice in the header of 't.csv' (columns 1 and 2)",
    ),
    "duplicate names after trimming": (after_header("a, a "), "'a' stands twice"),
    "the same letters composed otherwise": (after_header("é,e\u0301"), "'é' stands twice"),
    "empty name": (after_header("a,"), "column 2 has no name"),
    "blank names": (after_header(" , "), "has no header"),
    "empty first name of data": ("," + GOOD[2:].replace("2.5", "1.5"), "column 1 has no name"),
    "control character in a name": (
        after_header("a\x07,b"),
        "column 1 of 't.csv' holds a control character",
    ),
    "terminal codes in a name": (
        after_header("a,b\x1b[31m"),
        "column 2 of 't.csv' holds a control character",
    ),
    "name that turns the text": (
        after_header("a,\u202eb"),
        "column 2 of 't.csv' holds an invisible mark",
    ),
    "name that is a formula": (
        after_header("a,=1+1"),
        "column 2 of 't.csv', '=1+1', starts like a formula",
    ),
    "name that starts a program": (after_header("@x|'calc'!A0,b"), "starts like a formula"),
    "name as long as a text": (after_header("a" * 300 + ",b"), "has 300 characters"),
    "long row": (GOOD + "1,2,3\n", "data row 7 (line 8)"),
    "short row": (GOOD + "1\n", "data row 7 (line 8)"),
    "a second table below": (GOOD + "\nx,y,z\n1,2,3\n", "data row 7 (line 9)"),
    "row labels in the first row only": ("a,b\n" + "r1,1,2\n" + "1,2\n" * 5, "the first row has 3"),
    "open quote": (GOOD + '"1,2\n3,4\n', "data row 7"),
    "infinite": (GOOD + "inf,2\n", "'a' is infinite in data row 7"),
    "minus infinite": (GOOD + "1,-Infinity\n", "'b' is infinite in data row 7"),
    "1e300": (GOOD + "1e300,2\n", "'a' is too large to use (1e+300) in data row 7"),
    "1e999": (GOOD + "1e999,2\n", "'a' is infinite in data row 7"),
    "a huge whole number": (GOOD + "9" * 400 + ",2\n", "'a'"),
    "text among numbers": (GOOD + "1,2\n5,about 3\n", "'b' holds the text 'about 3' in data row 8"),
    "a number with its unit": (GOOD + "3 cm,4\n", "'a' holds the text '3 cm' in data row 7"),
    "a row of units": (GOOD.replace("a,b", "a,b\ncm,kg"), "'a' holds the text 'cm' in data row 1"),
    "a line of totals": (GOOD + "total,28\n", "'a' holds the text 'total' in data row 7"),
    "a value below the limit": (GOOD + "<0.1,4\n", "'a' holds the text '<0.1' in data row 7"),
    "text among decimal commas": (
        GOOD.replace(",", ";").replace(".", ",") + "1,x;2\n",
        "'a' holds the text '1,x' in data row 7",
    ),
    "NUL byte": (GOOD + "1,\x002\n", "NUL byte in line 8"),
    "a program": (bytes(range(256)) * 20, "NUL byte in line 1"),
    "broken UTF-16": (b"\xff\xfea\x00,", "not text in utf-16"),
    "broken UTF-8 behind its mark": (b"\xef\xbb\xbf" + b"a,\xff\n", "not text in utf-8"),
    "Excel that is cut off": (b"PK\x03\x04rest", "damaged and cannot be unpacked"),
    "old Excel": (b"\xd0\xcf\x11\xe0rest", "an old or encrypted Excel file"),
    "OpenDocument": (archive(mimetype="x", content="y"), "an OpenDocument file"),
    "Excel without sheets": (archive(**{"xl/workbook.xml": "<x/>"}), "a damaged Excel file"),
    "Parquet that is cut off": (b"PAR1rest", "is damaged"),
    "gzip that is no gzip": (b"\x1f\x8b\x08rest", "damaged and cannot be unpacked"),
    "gzip that is cut off": (gzip.compress(GOOD.encode())[:-9], "damaged and cannot be unpacked"),
    "xz that is damaged": (lzma.compress(GOOD.encode())[:40] + b"!" * 40, "cannot be unpacked"),
    "bzip2 that is cut off": (b"BZh91AY&SY", "damaged and cannot be unpacked"),
    "zip of nothing": (archive(), "holds 0 files"),
    "zip of two tables": (archive(x=GOOD, y=GOOD), "holds 2 files ('x', 'y')"),
    "zip with a password": (locked(archive(x=GOOD)), "locked with a password"),
    "packed tar": (tar(), "a tar archive"),
    "empty file, packed": (gzip.compress(b""), "is empty"),
    "NumPy that declares 5 GB": (declared("(25000, 25000)"), "a NumPy array"),
    "zstandard": (b"\x28\xb5\x2f\xfdrest", "zstandard"),
    "Feather": (b"ARROW1rest", "a Feather file"),
    "HDF5": (b"\x89HDF\r\n", "an HDF5 file"),
    "SQLite": (b"SQLite format 3\x00", "an SQLite database"),
    "PDF": (b"%PDF-1.7", "a PDF file"),
    "picture": (b"\x89PNG\r\n", "a picture"),
    "page of a failed download": ("\n<!DOCTYPE html><html>", "an HTML page"),
    "XML": ("<?xml version='1.0'?><a/>", "an XML file"),
    "JSON": (json.dumps({"a": [1, 2]}), "a JSON file"),
    "JSON lines": ('{"a": 1}\n{"a": 2}\n', "a JSON file"),
}

MASKS: dict[str, tuple[str, str]] = {
    "too few rows": (MASK[:-4], "has 5 rows, the data have 6"),
    "too many rows": (MASK + "0,0\n", "has 7 rows, the data have 6"),
    "unknown column": (MASK.replace("a,b", "a,bb"), "'bb' that the data lack; did you mean 'b'?"),
    "missing column": (MASK.replace("a,b", "a").replace(",0", "").replace(",1", ""), "'b'"),
    "a column twice": (MASK.replace("a,b", "a,a"), "'a' stands twice"),
    "other cells": (MASK.replace("0,1", "0,2"), "'2' in column 'b', data row 1"),
    "empty cells": (MASK.replace("0,1", "0,"), "holds nothing in column 'b', data row 1"),
    "text cells": (MASK.replace("0,1", "0,yes"), "'yes' in column 'b', data row 1"),
    "no header": ("0.5,1\n" * 6, "has no header"),
    "empty file": ("", "is empty"),
}

# flags on the table EXPERIMENTS, status, what the line must say
FLAGS: dict[str, tuple[list[str], int, str]] = {
    "target column unknown": (["--target-column", "sett"], 3, "'sett'; did you mean 'set'?"),
    "target unknown": (["--target-column", "site"], 3, "target 'n' in data row 1, which is no col"),
    "regime column unknown": (
        ["--regime-column", "z"],
        3,
        "the data have no column 'z'; there are",
    ),
    "regime without reference": (["--regime-column", "batch"], 3, "'1' and '2' are equally common"),
    "two roles": (["--target-column", "set", "--drop", "set"], 2, "given to --target-column and"),
    "two ways to tell": (["--target-column", "set", "--interventions", "t.csv"], 2, "one of them"),
    "dropped column unknown": (["--drop", "A"], 3, "no column 'A'; did you mean 'a'?"),
    "everything dropped": (["--drop", "a", "--drop", "b", "--drop", "c"], 3, "as you asked"),
    "ordinal without levels": (["--ordinal", "site"], 2, "--ordinal 'site' declares no levels"),
    "ordinal with one level": (["--ordinal", "site=n"], 2, "declares no levels"),
    "ordinal with a level twice": (["--ordinal", "site=n,s,n"], 2, "names a level twice"),
    "ordinal column unknown": (["--ordinal", "sit=n,s"], 3, "no column 'sit'; did you mean 'site'"),
    "ordinal with a level too few": (["--ordinal", "site=n,s,e"], 3, "'w' in data row 4, which is"),
    "ordinal twice": (["--ordinal", "site=n,s", "--ordinal", "site=s,n"], 2, "is given twice"),
    "indicators of two levels": (["--indicators", "batch"], 3, "'batch' has 2 levels"),
    "indicators of many levels": (["--indicators", "a"], 3, "'a' has 12 levels"),
    "knowledge names no column": (["--require", "a -> bb"], 3, "'bb', which is no column"),
    "knowledge on a left-out column": (["--require", "a -> site"], 3, "'site' is left out"),
    "required cycle": (["--require", "a -> b", "--require", "b -> a"], 3, "'a -> b', 'b -> a'"),
    "required and forbidden": (["--require", "a->b", "--forbid", "a->b"], 3, "and forbidden"),
    "edge to itself": (["--forbid", "a -> a"], 3, "'a -> a' leads to itself"),
    "no edge": (["--forbid", "a b"], 2, "--forbid 'a b' is no edge"),
    "knowledge file missing": (["--knowledge", "k.toml"], 3, "'k.toml' does not exist"),
    "knowledge file is a folder": (["--knowledge", "."], 3, "'.' is a directory"),
    "knowledge file is the table": (["--knowledge", "t.csv"], 3, "'t.csv' is not valid TOML"),
    "delimiter of two characters": (["--delimiter", ";;"], 2, "';;' is no single character"),
    "wrong delimiter": (["--delimiter", "|"], 3, "no usable column"),
    "unknown encoding": (["--encoding", "utf-88"], 2, "there is no encoding 'utf-88'"),
    "wrong encoding": (["--encoding", "utf-16"], 3, "is not"),
    "a sheet of a text file": (["--sheet", "one"], 2, "--sheet was given, but the data are a text"),
}
