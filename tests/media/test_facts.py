"""Facts agree with independent readers on real files from packages."""

from __future__ import annotations

import io
import struct
import time
import wave
import zlib
from collections.abc import Iterator
from pathlib import Path

import av
import nibabel
import pydicom
import pytest
from PIL import Image

from corral.server.media.facts import Facts, MediaError
from corral.server.media.probe import probe
from corral.server.media.sandbox import MediaWorkers
from corral.vocabulary import StorageItemType as Kind
from tests import real_media


@pytest.fixture(scope="module")
def workers() -> Iterator[MediaWorkers]:
    pool = MediaWorkers(size=2, timeout=20)
    yield pool
    pool.close()


def facts_of(path: Path, kind: Kind) -> Facts:
    with open(path, "rb") as file:
        return probe(file, kind, path.name)


@pytest.mark.parametrize("path", real_media.all_images(), ids=lambda path: path.name)
def test_images_as_pillow_reads_them(path: Path) -> None:
    try:
        with Image.open(path) as image:
            expected = (image.width, image.height, Image.MIME[str(image.format)])
    except OSError:
        with pytest.raises(MediaError):
            facts_of(path, Kind.IMAGE)
        return
    found = facts_of(path, Kind.IMAGE)
    assert (found.width, found.height, found.mime_type, found.file_size) == (*expected, path.stat().st_size)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff"])
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"turned.{suffix}"
    Image.new("RGB", (40, 20)).save(path, exif=exif)
    found = facts_of(path, Kind.IMAGE)
    assert (found.width, found.height) == ((20, 40) if orientation >= 5 else (40, 20))


@pytest.mark.parametrize("path", real_media.videos(), ids=lambda path: path.name)
def test_videos_as_decoded(path: Path) -> None:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = sum(1 for _ in container.decode(stream))
        rate, size = float(stream.average_rate or 0), (stream.width, stream.height)
    found = facts_of(path, Kind.VIDEO)
    assert (found.frame_count, found.width, found.height) == (frames, *size)
    assert found.fps == pytest.approx(rate, rel=1e-3)
    assert found.duration == pytest.approx(frames / rate, rel=0.01)


@pytest.mark.parametrize(
    ("name", "codec", "frames"),
    [("a.mp4", "libx264", 1), ("b.mp4", "libx264", 77), ("c.mkv", "libx264", 40), ("d.webm", "libvpx-vp9", 33)]
    + [("e.avi", "mpeg4", 25), ("f.mov", "libx264", 12)],
)
def test_made_videos(tmp_path: Path, name: str, codec: str, frames: int) -> None:
    path = real_media.make_video(tmp_path / name, frames=frames, codec=codec)
    found = facts_of(path, Kind.VIDEO)
    assert (found.frame_count, found.width, found.height, found.fps) == (frames, 320, 240, 15)


def test_rotated_video(tmp_path: Path) -> None:
    path = real_media.make_video(tmp_path / "v.mp4", frames=5)
    content = bytearray(path.read_bytes())
    upright = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    turned = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 240 << 16, 0, 0x40000000)
    place = content.index(upright, content.index(b"tkhd"))
    content[place : place + 36] = turned
    path.write_bytes(content)
    found = facts_of(path, Kind.VIDEO)
    assert (found.width, found.height) == (240, 320)


def test_audio_in_several_formats(tmp_path: Path) -> None:
    path = real_media.make_wav(tmp_path / "s.wav", seconds=1.25, rate=44100, channels=2)
    with wave.open(str(path)) as reader:
        expected = (reader.getframerate(), reader.getnchannels(), reader.getsampwidth() * 8)
    found = facts_of(path, Kind.AUDIO)
    assert (found.audio_sample_rate, found.audio_num_channels, found.audio_bit_depth) == expected
    assert (found.audio_codec, found.duration) == ("pcm_s16le", 1.25)
    for name, codec in (("s.flac", "flac"), ("s.mp3", "libmp3lame"), ("s.m4a", "aac"), ("s.ogg", "libopus")):
        coded = tmp_path / name
        _transcode(path, coded, codec)
        found = facts_of(coded, Kind.AUDIO)
        assert found.audio_num_channels == 2
        assert found.audio_sample_rate == (48000 if codec == "libopus" else 44100)
        assert found.duration == pytest.approx(1.25, abs=0.08)
    assert facts_of(tmp_path / "s.flac", Kind.AUDIO).duration == pytest.approx(1.25)


def _transcode(source: Path, target: Path, codec: str) -> None:
    with av.open(str(source)) as reader, av.open(str(target), "w") as writer:
        rate = 48000 if codec == "libopus" else 44100
        stream = writer.add_stream(codec, rate=rate, layout="stereo")
        resampler = av.AudioResampler(format=stream.codec_context.format or "s16", layout="stereo", rate=rate)
        for frame in [*reader.decode(audio=0), None]:
            for piece in resampler.resample(frame):
                for packet in stream.encode(piece):
                    writer.mux(packet)
        for packet in stream.encode(None):
            writer.mux(packet)


@pytest.mark.parametrize("path", [*real_media.ct_series(), *real_media.mr_series()], ids=lambda path: path.name)
def test_dicom_as_pydicom_reads_it(path: Path) -> None:
    header = pydicom.dcmread(path)
    found = facts_of(path, Kind.DICOM_FILE)
    assert (found.width, found.height) == (header.Columns, header.Rows)
    assert found.dicom_instance_uid == header.SOPInstanceUID
    assert found.dicom_series_uid == header.SeriesInstanceUID
    assert found.extra["modality"] == header.Modality


def test_all_of_pydicoms_files_are_read_or_refused_with_a_reason() -> None:
    read = 0
    for path in sorted(real_media.PYDICOM.rglob("*.dcm")):
        try:
            found = facts_of(path, Kind.DICOM_FILE)
        except MediaError as error:
            assert len(error.message) > 20
            continue
        assert found.dicom_series_uid
        read += 1
    assert read > 60


@pytest.mark.parametrize("name", ["anatomical.nii", "functional.nii", "example4d.nii.gz", "example_nifti2.nii.gz"])
def test_nifti_as_nibabel_reads_it(name: str) -> None:
    path = real_media.NIBABEL / name
    image = nibabel.load(path)
    found = facts_of(path, Kind.NIFTI)
    assert found.extra["shape"] == list(image.shape)
    assert found.extra["pixdim"] == pytest.approx([float(zoom) for zoom in image.header.get_zooms()], abs=1e-4)


def test_documents(tmp_path: Path) -> None:
    assert facts_of(real_media.make_pdf(tmp_path / "a.pdf", pages=3), Kind.PDF).page_count == 3
    cases = {"a.txt": ("hé", "text/plain"), "a.html": ("<html>", "text/html"), "a": ('{"a": 1}', "application/json")}
    for name, (content, mime) in cases.items():
        (tmp_path / name).write_text(content)
        assert facts_of(tmp_path / name, Kind.PLAIN_TEXT).mime_type == mime
    (tmp_path / "t.csv").write_text("t,a\n1,2\n2,3\n")
    assert facts_of(tmp_path / "t.csv", Kind.TIMESERIES).extra == {"columns": ["t", "a"], "rows": 2}
    assert facts_of(real_media.make_pcd(tmp_path / "c.pcd"), Kind.SCENE).extra == {"format": "pcd", "points": 3}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated_files_are_found(tmp_path: Path, share: float) -> None:
    sources = {
        Kind.IMAGE: real_media.photos()[0],
        Kind.VIDEO: real_media.videos()[0],
        Kind.AUDIO: real_media.make_wav(tmp_path / "s.wav"),
        Kind.NIFTI: real_media.nifti(),
    }
    for kind, source in sources.items():
        content = source.read_bytes()
        path = tmp_path / f"cut-{kind.value}{source.suffix}"
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(MediaError):
            facts_of(path, kind)


@pytest.mark.parametrize(
    "kind", [Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.PDF, Kind.NIFTI, Kind.DICOM_FILE, Kind.SCENE]
)
@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 500, b"hello", b"%PDF-1.4\n", b"GIF89a", b"\x1f\x8b" + b"\x00" * 99]
)
def test_wrong_content_is_refused_in_words(kind: Kind, content: bytes, workers: MediaWorkers, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(MediaError) as caught:
        workers.probe(str(path), kind, "file")
    assert str(tmp_path) not in caught.value.message


def test_bombs(tmp_path: Path, workers: MediaWorkers) -> None:
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + b"\x00\x00\x00\x00IEND\xaeB`\x82")
    with pytest.raises(MediaError, match="100000 x 100000"):
        workers.probe(str(tmp_path / "bomb.png"), Kind.IMAGE, "bomb.png")
    packed = io.BytesIO()
    compressor = zlib.compressobj(9, wbits=31)
    packed.write(compressor.compress(b"\x00" * 50_000_000) + compressor.flush())
    (tmp_path / "bomb.nii.gz").write_bytes(packed.getvalue())
    with pytest.raises(MediaError):
        workers.probe(str(tmp_path / "bomb.nii.gz"), Kind.NIFTI, "bomb.nii.gz")


def test_a_hanging_or_dying_reader_fails_only_its_file(tmp_path: Path) -> None:
    import os

    pool = MediaWorkers(size=1, timeout=1.0)
    pdf = real_media.make_pdf(tmp_path / "a.pdf")
    assert pool.probe(str(pdf), Kind.PDF, "a.pdf").page_count == 2
    child = pool._idle.queue[0]
    os.kill(child._process.pid, 19)  # SIGSTOP: it hangs
    with pytest.raises(MediaError, match="longer than"):
        pool.probe(str(pdf), Kind.PDF, "a.pdf")
    assert pool.probe(str(pdf), Kind.PDF, "a.pdf").page_count == 2
    os.kill(pool._idle.queue[0]._process.pid, 9)
    time.sleep(0.2)
    assert pool.probe(str(pdf), Kind.PDF, "a.pdf").page_count == 2
    pool.close()


@pytest.mark.parametrize("kind", ["photo", "video", "dicom", "pdf", "audio", "nifti"])
def test_previews(kind: str, workers: MediaWorkers, tmp_path: Path) -> None:
    path, item_type = {
        "photo": lambda: (real_media.photos()[0], Kind.IMAGE),
        "video": lambda: (real_media.videos()[0], Kind.VIDEO),
        "dicom": lambda: (real_media.ct_series()[0], Kind.DICOM_FILE),
        "pdf": lambda: (real_media.make_pdf(tmp_path / "a.pdf"), Kind.PDF),
        "audio": lambda: (real_media.make_wav(tmp_path / "a.wav"), Kind.AUDIO),
        "nifti": lambda: (real_media.nifti(), Kind.NIFTI),
    }[kind]()
    content, mime = workers.preview(str(path), item_type, 128)
    with Image.open(io.BytesIO(content)) as picture:
        assert Image.MIME[str(picture.format)] == mime
        assert max(picture.size) <= 128
        low, high = picture.convert("L").getextrema()
        assert kind == "pdf" or high > low
