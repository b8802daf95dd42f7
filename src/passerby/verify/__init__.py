"""The finished output -> a verdict. Trusts none of the other rooms."""
