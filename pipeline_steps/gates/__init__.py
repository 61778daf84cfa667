"""Before any user meets a candidate: does it keep the contract, and does it answer yesterday's requests as well?"""
