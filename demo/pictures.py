"""Pictures of the demo world, drawn on the spot: a protected product photo, a stolen copy of it, a harmless banner."""

from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter


def product_photo() -> Image.Image:
    """Draw a small air conditioner on a table by a window, 640 x 480."""
    picture = Image.new("RGB", (640, 480))
    draw = ImageDraw.Draw(picture)
    for y in range(480):
        draw.line((0, y, 640, y), fill=(150 + y // 6, 185 + y // 12, 225 - y // 5))
    draw.polygon(((0, 350), (640, 300), (640, 480), (0, 480)), fill=(120, 84, 58))
    draw.rectangle((400, 40, 600, 230), fill=(225, 240, 250), outline=(90, 90, 90), width=8)
    draw.line((500, 40, 500, 230), fill=(90, 90, 90), width=6)
    draw.rounded_rectangle((110, 190, 330, 400), radius=26, fill=(245, 245, 248), outline=(70, 80, 95), width=5)
    for row in range(6):
        draw.rounded_rectangle((135, 215 + row * 16, 305, 223 + row * 16), radius=4, fill=(60, 75, 100))
    draw.ellipse((185, 325, 255, 395), fill=(20, 110, 190), outline=(10, 50, 90), width=4)
    draw.arc((150, 140, 300, 210), 200, 340, fill=(255, 255, 255), width=7)
    draw.ellipse((480, 330, 590, 400), fill=(200, 60, 50))
    draw.polygon(((520, 330), (535, 270), (550, 330)), fill=(40, 120, 50))
    return picture.filter(ImageFilter.GaussianBlur(0.6))


def stolen_copy() -> Image.Image:
    """Return the product photo as a fraudster reuses it: smaller, recompressed, with a red sticker."""
    picture = product_photo().resize((480, 360))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((390, 10, 470, 90), fill=(220, 20, 30))
    draw.text((408, 42), "-80% OFF", fill=(255, 255, 255))
    return picture


def travel_banner() -> Image.Image:
    """Draw a mountain and a sun, 468 x 240: an honest ad."""
    picture = Image.new("RGB", (468, 240), (250, 214, 150))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((330, 30, 400, 100), fill=(240, 120, 60))
    draw.polygon(((20, 240), (170, 60), (320, 240)), fill=(70, 90, 140))
    draw.polygon(((130, 108), (170, 60), (210, 108), (185, 120), (165, 105), (150, 122)), fill=(250, 250, 255))
    draw.polygon(((220, 240), (340, 130), (468, 240)), fill=(50, 110, 90))
    return picture


def jpeg(picture: Image.Image, quality: int = 85) -> bytes:
    """Encode a picture as JPEG."""
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
