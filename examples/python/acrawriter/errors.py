"""What can be wrong with the arguments of the writer. No message carries data or a key."""


class WriterError(ValueError):
    """Common to the errors of this package."""


class EmptyDataError(WriterError):
    """There was nothing to protect."""

    def __init__(self):
        super().__init__("an AcraStruct needs at least one byte of data")


class WrongPublicKeyError(WriterError):
    """The recipient's key is not a public key as Acra makes them."""

    def __init__(self):
        super().__init__("the public key is not a key made by Acra (45 bytes, or their base64)")
