"""Canvas add-on of darfix-core: dark-field X-ray microscopy in Orange."""
