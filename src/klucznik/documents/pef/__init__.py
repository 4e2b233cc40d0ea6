"""PEF and PEF_KOR: UBL 2.1 with Polish extensions, of which the facts are read and the frame is checked."""
